import { DirectiveLocation, GraphQLDirective, GraphQLEnumType, GraphQLNonNull, GraphQLString } from 'graphql'

const SlowReader = new GraphQLEnumType({
  name: 'SlowReader',
  values: {
    COALESCE: { description: 'One event carries all that happened since the last.' },
    GAP: { description: 'Events are left out, and the next one says so in `gap`.' },
  },
})

const Beginning = new GraphQLEnumType({
  name: 'Beginning',
  values: {
    FIRST_EVENT: { description: 'With the first event of what it is about.' },
    NOW: { description: 'With what happens next.' },
  },
})

/** What the SDL promises of a subscription: clients and the gateway find in it where the cursor is. */
export const resumable = new GraphQLDirective({
  name: 'resumable',
  description: 'Passed as `after`, the cursor of the last event makes a subscription go on behind it.',
  locations: [DirectiveLocation.FIELD_DEFINITION],
  args: {
    cursor: { type: new GraphQLNonNull(GraphQLString), description: 'The field of each event that holds it.' },
    slowReader: { type: new GraphQLNonNull(SlowReader) },
    begins: { type: Beginning, description: 'Where a subscription begins that passes no `after`.' },
  },
})

export const resumableSpec = 'https://specs.agent-forge.example/resumable/v1.0'
