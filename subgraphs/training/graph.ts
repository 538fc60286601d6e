import { federation } from '../../kernel/federation.ts'
import { builder } from './builder.ts'
import './checkpoints/schema.ts'
import './cognate/schema.ts'
import './datasets/schema.ts'
import './evomerge/schema.ts'
import './groups/schema.ts'
import './imports/schema.ts'
import './jobs/schema.ts'
import './logs/schema.ts'
import './metrics/schema.ts'
import './reruns/schema.ts'
import './scheduling/schema.ts'
import './sweeps/schema.ts'

/** The executable schema of training; importing it starts nothing. */
export const schema = builder.toSubGraphSchema(federation)
