import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases'
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth'
import {
  type ASTVisitor,
  type DocumentNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { expansionRule } from './expansion.ts'

/** Largest HTTP body of a GraphQL request, in bytes. */
export const maxBodyBytes = 2_000_000
/** Largest graphql-ws message, in bytes. */
export const maxMessageBytes = 1_000_000
/** Lexical tokens of a document: five times what the largest page of the dashboard needs. */
export const maxTokens = 4_000
/** Levels of fields; the deepest path through our graph that makes sense (run, steps, job, output, parents, …) has 14. */
export const maxDepth = 20
/** Aliases ask one field many times over in a single request. */
export const maxAliases = 60

const report = {
  propagateOnRejection: false,
  onReject: [(context: ValidationContext | null, error: GraphQLError) => context?.reportError(error)],
}
/** The one response name that is no ordinary property of a JavaScript object: answers are made of such. */
const responseNameRule = (context: ValidationContext): ASTVisitor => ({
  Field(node) {
    if (node.alias?.value !== '__proto__') return
    context.reportError(new GraphQLError('The alias "__proto__" cannot be answered: choose another.', { nodes: node }))
  },
})
const rules = [
  responseNameRule,
  maxDepthRule({ n: maxDepth, flattenFragments: true, ...report }),
  maxAliasesRule({ n: maxAliases, ...report }),
  expansionRule,
]

/** Bounds what a document may ask for, and refuses what the planner cannot take. */
export const limitDocuments = (parse: (source: string) => DocumentNode): Plugin => ({
  onParse({ setParseFn }) {
    setParseFn(parse)
  },
  onValidate({ addValidationRule, params, setResult }) {
    const conditional = conditionalSubscription(params.documentAST)
    if (conditional) setResult([conditional])
    else for (const rule of rules) addValidationRule(rule as never)
  },
})

/** graphql-js and the planner both throw on `@skip` and `@include` at the root of a subscription. */
function conditionalSubscription(document: DocumentNode): GraphQLError | undefined {
  const fragments = new Map(
    document.definitions.flatMap(node => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
  )
  const visited = new Set<string>()
  const isConditional = ({ selections }: SelectionSetNode): boolean =>
    selections.some(selection => {
      if (selection.directives?.some(({ name }) => name.value === 'skip' || name.value === 'include')) return true
      if (selection.kind === Kind.INLINE_FRAGMENT) return isConditional(selection.selectionSet)
      if (selection.kind === Kind.FIELD || visited.has(selection.name.value)) return false
      visited.add(selection.name.value)
      const fragment = fragments.get(selection.name.value)
      return fragment !== undefined && isConditional(fragment.selectionSet)
    })

  const operation = document.definitions.find(
    node =>
      node.kind === Kind.OPERATION_DEFINITION && node.operation === 'subscription' && isConditional(node.selectionSet),
  )
  return (
    operation &&
    new GraphQLError(
      'The root field of a subscription cannot carry @skip or @include: decide before you subscribe, and leave it out.',
      { nodes: operation },
    )
  )
}
