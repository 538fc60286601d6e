import { federation } from '../../kernel/federation.ts'
import './aliases/schema.ts'
import './cards/schema.ts'
import './chats/schema.ts'
import './comparison/schema.ts'
import './deletion/schema.ts'
import './generation/schema.ts'
import './handoffs/schema.ts'
import './imports/schema.ts'
import './labels/schema.ts'
import './registry/schema.ts'
import './retention/schema.ts'
import './signing/schema.ts'
import './versions/schema.ts'
import { builder } from './builder.ts'

/** Importing this starts nothing. */
export const schema = builder.toSubGraphSchema(federation)
