import { federation } from '../../kernel/federation.ts'
import './aliases/schema.ts'
import './generation/schema.ts'
import './registry/schema.ts'
import './versions/schema.ts'
import { builder } from './builder.ts'

/** Importing this starts nothing. */
export const schema = builder.toSubGraphSchema(federation)
