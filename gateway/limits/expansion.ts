import {
  type ASTVisitor,
  type DocumentNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql'

/** Selections of a document with every fragment written out: the planner writes them out, and takes 40 µs for each. */
export const maxSelections = 5_000
/** Directives of a document; each field that could be left out needs one. */
export const maxDirectives = 100

/** Refuses a document that is small only because its fragments are spread over and over: two at each level make 2ⁿ. */
export function expansionRule(context: ValidationContext): ASTVisitor {
  let directives = 0
  return {
    Document(document) {
      const count = expandedSelections(document)
      if (count > maxSelections) {
        context.reportError(
          new GraphQLError(
            `With its fragments written out this document has more selections than the limit of ${maxSelections}.`,
          ),
        )
      }
    },
    Directive(node) {
      directives += 1
      if (directives === maxDirectives + 1) {
        const message = `This document has more than ${maxDirectives} directives, which is the limit.`
        context.reportError(new GraphQLError(message, { nodes: node }))
      }
    },
  }
}

/** Works out each fragment once. One that contains itself, which validation refuses, counts nothing inside itself. */
function expandedSelections({ definitions }: DocumentNode): number {
  const fragments = new Map(
    definitions.flatMap(node => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [])),
  )
  const known = new Map<string, number>()
  const ofFragment = (name: string): number => {
    const found = known.get(name)
    if (found !== undefined) return found
    known.set(name, 0)
    const count = ofSelection(fragments.get(name)?.selectionSet)
    known.set(name, count)
    return count
  }
  const ofSelection = (set: SelectionSetNode | undefined): number =>
    (set?.selections ?? []).reduce(
      (sum, node) =>
        sum + 1 + (node.kind === Kind.FRAGMENT_SPREAD ? ofFragment(node.name.value) : ofSelection(node.selectionSet)),
      0,
    )
  return definitions.reduce(
    (sum, node) => sum + (node.kind === Kind.OPERATION_DEFINITION ? ofSelection(node.selectionSet) : 0),
    0,
  )
}
