import { roles } from '../../kernel/auth/identity.ts'

/** The shape that realtime and training have, and the time of each event in ms of the machine's monotonic clock. */
export const sdl = {
  realtime: `
    extend schema
      @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@composeDirective"])
      @link(url: "https://specs.agent-forge.example/resumable/v1.0", import: ["@resumable"])
      @composeDirective(name: "@resumable")
    directive @resumable(cursor: String!, slowReader: SlowReader!, begins: Beginning) on FIELD_DEFINITION
    enum SlowReader { COALESCE GAP }
    enum Beginning { FIRST_EVENT NOW }
    type Query { open: Boolean }
    type Subscription {
      trainingProgress(jobId: ID!, after: String): TrainingProgress!
        @resumable(cursor: "cursor", slowReader: COALESCE, begins: FIRST_EVENT)
    }
    type TrainingProgress { cursor: String! gap: Gap job: TrainingJob step: Int! sentAt: Float! }
    type Gap { missed: Int }
    type TrainingJob @key(fields: "id", resolvable: false) { id: ID! }`,
  training: `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
    type Query { jobs: [TrainingJob!] }
    type TrainingJob @key(fields: "id") { id: ID! modelName: String! status: String! }`,
}

/** Twenty keys of four different rights. */
export const keys = Array.from({ length: 20 }, (_, i) => `bench-key-${i}`)
const roleNames = Object.keys(roles) as (keyof typeof roles)[]

export const identityOf = (key: string) => {
  const role = roleNames[keys.indexOf(key) % roleNames.length]!
  return { principal: `key_${key}`, name: key, project: 'default', scopes: roles[role] }
}

/** Milliseconds on a clock that all processes of this machine share. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6
