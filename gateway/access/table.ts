import type { GraphQLNamedType } from 'graphql'
import { isInterfaceType, isObjectType } from 'graphql'
import { type Identity, type Role, roles } from '../../kernel/auth/identity.ts'
import { loadSupergraph } from '../execution/supergraph.ts'
import { describeDemand, meets, type Requirement, type Requirements, readRequirements } from './requirements.ts'

const preface = `# Who may see what

Made from the supergraph by \`npm run generate\`: the gateway enforces this table, and every subgraph enforces its own part
of it again. A role may do what the ones before it may: viewer, trainer, operator, admin. A field without a demand of its
own is as open as the way to it: whoever reaches its object sees it. All of the graph wants a key.

A query gets null for what its key may not see, with a \`FORBIDDEN\` error that names the scope; a mutation is refused as a
whole, and so is a subscription whose root field is not allowed.

| role | scopes that it adds |
| --- | --- |
`

/** The page `docs/permissions.md`. Throws INVALID_INPUT when the text is no supergraph. */
export function permissionsPage(supergraphSdl: string): string {
  const supergraph = loadSupergraph(supergraphSdl)
  const requirements = readRequirements(supergraph.composed)
  const rows = Object.values(supergraph.schema.getTypeMap()).flatMap(type => rowsOf(type, requirements))
  return `${preface}${roleRows()}

| type | fields | needs | least role |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}

function roleRows(): string {
  const names = Object.keys(roles) as Role[]
  return names
    .map((name, index) => {
      const before: readonly string[] = index > 0 ? roles[names[index - 1]!] : []
      const added = roles[name].filter(scope => !before.includes(scope))
      return `| ${name} | ${added.map(scope => `\`${scope}\``).join(', ')} |`
    })
    .join('\n')
}

function rowsOf(type: GraphQLNamedType, requirements: Requirements): string[] {
  if (type.name.startsWith('__') || !(isObjectType(type) || isInterfaceType(type))) return []
  const grouped = new Map<string, string[]>()
  for (const name of Object.keys(type.getFields())) {
    const requirement = requirements.of(type.name, name)
    const cells = `${requirement ? needs(requirement) : '–'} | ${requirement ? leastRole(requirement) : '–'}`
    grouped.set(cells, [...(grouped.get(cells) ?? []), `\`${name}\``])
  }
  return [...grouped].map(([cells, names]) => `| \`${type.name}\` | ${names.join(', ')} | ${cells} |`)
}

function needs({ scopes, policies }: Requirement): string {
  const demands = [...scopes, ...policies].map(demand => `\`${describeDemand(demand)}\``)
  return demands.length > 0 ? demands.join(' and ') : 'a key'
}

function leastRole(requirement: Requirement): string {
  const able = (Object.keys(roles) as Role[]).find(role => meets(requirement, holderOf(role)))
  if (requirement.scopes.length === 0 && able) return 'any'
  return able ?? 'nobody'
}

const holderOf = (role: Role): Identity => ({ principal: '', name: '', project: '*', scopes: roles[role] })
