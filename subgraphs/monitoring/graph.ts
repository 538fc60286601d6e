import { federation } from '../../kernel/federation.ts'
import { builder } from './builder.ts'
import './fleet/schema.ts'
import './services/schema.ts'

/** The executable schema of monitoring; importing it starts nothing. */
export const schema = builder.toSubGraphSchema(federation)
