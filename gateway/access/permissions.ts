import { type DocumentNode, GraphQLError, getOperationAST, getVariableValues } from 'graphql'
import { LRUCache } from 'lru-cache'
import { type Identity, type Role, roles } from '../../kernel/auth/identity.ts'
import { forbidden, invalidInput } from '../../kernel/errors.ts'
import type { LoadedSupergraph } from '../execution/supergraph.ts'
import { findGuarded, type Guarded, type GuardedField, isAsked, without } from './demands.ts'
import { describeDemand, meets, readRequirements } from './requirements.ts'

/** Different sets of rights that one operation is kept for. */
const maxRights = 32

/** What somebody may have of an operation. */
export interface Permission {
  /** The operation without what is denied; the very document when nothing is. */
  readonly document: DocumentNode
  /** One FORBIDDEN for every denied field that the variables ask for. */
  errors(variables: Readonly<Record<string, unknown>>): readonly GraphQLError[]
  /** Whether any denial stops all of it: nothing half done by a mutation, nothing left of a stream. */
  readonly isWhole: boolean
}

export interface Permissions {
  /** Of a valid document. Worked out once for an operation and a set of rights. */
  permit(document: DocumentNode, operationName: string | null | undefined, identity: Identity): Permission
  /** The document as the client sent it, of one that `permit` gave. */
  asked(document: DocumentNode): DocumentNode
}

export interface PermissionOptions {
  /** The least role that may ask for the schema; `off` is nobody. */
  readonly introspection: Role | 'off'
  /** Whether nobody is asked for a key: then everybody may do everything. */
  readonly open: boolean
}

export function openPermissions(supergraph: LoadedSupergraph, { introspection, open }: PermissionOptions): Permissions {
  const requirements = readRequirements(supergraph.composed)
  const originals = new WeakMap<DocumentNode, DocumentNode>()
  const operations = new WeakMap<DocumentNode, Map<string, OfOperation>>()

  interface OfOperation {
    readonly guarded: Guarded
    readonly byRights: LRUCache<string, Permission>
  }

  function ofOperation(document: DocumentNode, operationName: string): OfOperation | undefined {
    const known = operations.get(document) ?? new Map<string, OfOperation>()
    operations.set(document, known)
    const found = known.get(operationName)
    if (found) return found
    const operation = getOperationAST(document, operationName || undefined)
    if (!operation) return
    const guarded = findGuarded(document, operation, supergraph.schema, requirements)
    const made = { guarded, byRights: new LRUCache<string, Permission>({ max: maxRights }) }
    known.set(operationName, made)
    return made
  }

  function judge(document: DocumentNode, { operation, fields, introspects }: Guarded, identity: Identity): Permission {
    const unmet = fields.filter(({ requirement }) => !meets(requirement, identity))
    const gone = new Set<unknown>(unmet.map(({ node }) => node))
    // Whoever is denied an object needs not hear of its fields, too.
    const denied = unmet.filter(({ node, conditions }) => !conditions.some(outer => outer !== node && gone.has(outer)))
    const isCurious = introspects && !mayIntrospect(identity, introspection)
    if (denied.length === 0 && !isCurious) return everything(document)

    const allowed = denied.length > 0 ? without(document, new Set(denied.map(({ node }) => node))) : document
    if (allowed !== document) originals.set(allowed, document)
    return {
      document: allowed,
      isWhole: isCurious || operation.operation === 'mutation' || isRootless(operation.selectionSet.selections, denied),
      errors(variables) {
        const { coerced } = getVariableValues(supergraph.schema, operation.variableDefinitions ?? [], variables)
        const asked = coerced ? denied.filter(field => isAsked(field, coerced)) : denied
        return [...(isCurious ? [noIntrospection(introspection)] : []), ...asked.map(denial)]
      },
    }
  }

  return {
    permit(document, operationName, identity) {
      if (open) return everything(document)
      const found = ofOperation(document, operationName ?? '')
      if (!found) return { document, errors: () => [noOperation(operationName)], isWhole: true }
      if (found.guarded.fields.length === 0 && !found.guarded.introspects) return everything(document)
      const rights = identity.scopes.join(' ')
      const known = found.byRights.get(rights)
      if (known) return known
      const permission = judge(document, found.guarded, identity)
      found.byRights.set(rights, permission)
      return permission
    },
    asked: document => originals.get(document) ?? document,
  }
}

const everything = (document: DocumentNode): Permission => ({ document, errors: () => [], isWhole: false })

/** Whether nothing is left at the root. */
const isRootless = (selections: readonly unknown[], denied: readonly GuardedField[]): boolean =>
  selections.every(node => denied.some(({ node: gone, isRoot }) => isRoot && gone === node))

const mayIntrospect = ({ scopes }: Identity, least: Role | 'off'): boolean =>
  least !== 'off' && roles[least].every(scope => scopes.includes(scope))

function denial({ coordinate, requirement, path, node }: GuardedField): GraphQLError {
  const wanted = requirement.scopes.map(describeDemand).join(', and ')
  const { message, code } = forbidden(
    wanted
      ? `Your key lacks the scope that \`${coordinate}\` needs (${wanted}): ask an admin for one with a larger role.`
      : `The policy of \`${coordinate}\` lets nobody see it through this gateway.`,
  )
  return new GraphQLError(message, { nodes: node, path, extensions: { code, scopes: requirement.scopes } })
}

function noOperation(name: string | null | undefined): GraphQLError {
  const { message, code } = invalidInput(
    name
      ? `The document has no operation "${name}".`
      : 'The document has several operations: say in `operationName` which is meant.',
  )
  return new GraphQLError(message, { extensions: { code } })
}

function noIntrospection(least: Role | 'off'): GraphQLError {
  const { message, code } = forbidden(
    least === 'off'
      ? 'This gateway does not tell its schema (GATEWAY_INTROSPECTION=off): read schema/api.graphql.'
      : `Only keys of the role ${least} and above may ask for the schema: read schema/api.graphql.`,
  )
  return new GraphQLError(message, { extensions: { code } })
}
