import { builder } from '../builder.ts'
import type { Gap } from './gap.ts'

/** A pointer to an entity of another subgraph, which knows all the rest of it. */
export const pointer = (name: string) =>
  builder
    .externalRef(name, builder.keyDirective(builder.selection<{ id: string }>('id'), false))
    .implement({ externalFields: t => ({ id: t.id() }) })

export const GapRef = builder.objectRef<Gap>('Gap').implement({
  directives: { shareable: true },
  description: 'Events that you do not get: those after `from` up to and including `to`.',
  fields: t => ({
    from: t.exposeString('from', { nullable: true, description: 'The cursor that you had.' }),
    to: t.exposeString('to', { description: 'The cursor of the newest that is missing.' }),
    missed: t.exposeInt('missed', { nullable: true, description: 'How many; null when nobody can tell.' }),
    reason: t.exposeString('reason'),
  }),
})

export const cursorText = 'Pass it as `after` to go on behind this event.'
export const gapText = 'What is missing right before this event; null when nothing is.'
export const afterText = 'The `cursor` of the last event that you have.'
