import { federation } from '../../kernel/federation.ts'
import { builder } from './builder.ts'
import { resumable, resumableSpec } from './resumable.ts'
import './connections/schema.ts'
import './logs/schema.ts'
import './progress/schema.ts'
import './streams/schema.ts'

/** The executable schema of realtime; importing it starts nothing. */
export const schema = builder.toSubGraphSchema({
  ...federation,
  federationDirectives: federation.federationDirectives.filter(name => name !== '@composeDirective'),
  composeDirectives: ['@resumable'],
  schemaDirectives: { link: { url: resumableSpec, import: ['@resumable'] } },
  directives: [resumable],
})
