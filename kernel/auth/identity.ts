import { forbidden, invalidInput } from '../errors.ts'

export const scopes = [
  'training:read',
  'training:write',
  'models:read',
  'models:write',
  'pipelines:read',
  'pipelines:write',
  'monitoring:read',
  'monitoring:write',
  'events:read',
  'identity:write',
] as const

export type Scope = (typeof scopes)[number]

const read: readonly Scope[] = ['training:read', 'models:read', 'pipelines:read', 'monitoring:read', 'events:read']
const train: readonly Scope[] = [...read, 'training:write', 'models:write', 'pipelines:write']

/** What each role may do. */
export const roles = {
  viewer: read,
  trainer: train,
  operator: [...train, 'monitoring:write'],
  admin: scopes,
} as const satisfies Record<string, readonly Scope[]>

export type Role = keyof typeof roles

/** Who is asking, as the gateway (or a service, for itself) has signed it. */
export interface Identity {
  /** `key_…`, `session_…` or `service:NAME`. */
  readonly principal: string
  readonly name: string
  /** The one project that this identity sees, or `*` for all. */
  readonly project: string
  readonly scopes: readonly Scope[]
}

export const mayAccess = (identity: Identity, project: string): boolean =>
  identity.project === '*' || identity.project === project

const projectName = /^[a-z0-9][a-z0-9._-]{0,63}$/

/** The project that a command works in: the one it names, the identity's own, or `default`. */
export function chosenProject(identity: Identity, named?: string | null): string {
  const project = named ?? (identity.project === '*' ? 'default' : identity.project)
  if (!projectName.test(project)) {
    throw invalidInput(
      `"${project}" is no project name: use 1 to 64 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit.`,
    )
  }
  if (!mayAccess(identity, project)) {
    throw forbidden(
      `Your key is for project "${identity.project}", not "${project}": leave \`project\` out or use a key of that project.`,
    )
  }
  return project
}
