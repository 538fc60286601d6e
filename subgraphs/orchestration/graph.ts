import { federation } from '../../kernel/federation.ts'
import './audit/schema.ts'
import { builder } from './builder.ts'
import './identities/schema.ts'
import './logins/schema.ts'
import './pipelines/schema.ts'

/** The executable schema of orchestration; importing it starts nothing. */
export const schema = builder.toSubGraphSchema(federation)
