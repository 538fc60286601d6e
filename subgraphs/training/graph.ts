import { federation } from '../../kernel/federation.ts'
import { builder } from './builder.ts'
import './checkpoints/schema.ts'
import './cognate/schema.ts'
import './datasets/schema.ts'
import './jobs/schema.ts'
import './metrics/schema.ts'

/** The executable schema of training; importing it starts nothing. */
export const schema = builder.toSubGraphSchema(federation)
