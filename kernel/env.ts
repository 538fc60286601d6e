import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { z } from 'zod'
import { invalidInput } from './errors.ts'

const url = () => z.url().optional()

/** Every variable that a process of the forge reads, with its default and its unit. */
const variables = z.object({
  /** Address that the servers bind to. */
  HOST: z.string().default('127.0.0.1'),
  /** TCP port of the process; each service has its own default, and 0 takes any free one. */
  PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  /** Folder of everything the forge keeps: database, artifacts, keys. */
  FORGE_DATA: z
    .string()
    .default('.forge')
    .transform(path => resolve(path)),
  /** Folder of the content-addressed store; default `$FORGE_DATA/blobs`. */
  FORGE_BLOBS: z.string().optional(),
  /** `off` asks nobody for a key; refused when HOST is not a loopback address. */
  FORGE_AUTH: z.enum(['on', 'off']).default('on'),
  FORGE_LOG: z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
  /** Private Ed25519 JWK (JSON) that signs identities; default a key file in FORGE_DATA. Gateways of one forge share it. */
  FORGE_SIGNING_KEY: z.string().optional(),
  /**
   * The admin key, `forge_` and 43 characters of base64url (32 random bytes); default one made at the first start and
   * kept in $FORGE_DATA/admin-key. Needed where orchestration runs on more than one machine.
   */
  FORGE_ADMIN_KEY: z
    .string()
    .regex(/^forge_[A-Za-z0-9_-]{43}$/, 'it must be "forge_" and 43 characters of base64url')
    .optional(),
  /** Name of this machine in the fleet. */
  FORGE_NODE: z.string().default(hostname()),
  /** Jobs that this worker runs at once; default its number of cores. */
  FORGE_SLOTS: z.coerce.number().int().min(1).max(1024).optional(),
  /** Executor of training: auto, onnx, tfjs-wasm, tfjs-node, tfjs-node-gpu, reference. */
  FORGE_EXECUTOR: z.string().default('auto'),
  /** Threads of one training job; default the cores, shared out among the jobs that run when it starts. */
  FORGE_THREADS: z.coerce.number().int().min(1).max(256).optional(),
  /** Origin at which services find the gateway's published keys. */
  GATEWAY_URL: z.url().default('http://127.0.0.1:4000'),
  /** Supergraph file that the gateway runs. */
  SUPERGRAPH: z.string().optional(),
  /** Event log and job queue: postgres://… or redis://…; default the embedded PostgreSQL. */
  BUS_URL: url(),
  TRAINING_DATABASE_URL: url(),
  MODELS_DATABASE_URL: url(),
  MONITORING_DATABASE_URL: url(),
  REALTIME_DATABASE_URL: url(),
  ORCHESTRATION_DATABASE_URL: url(),
  /** GraphQL endpoints of the subgraphs, for the gateway. */
  TRAINING_URL: z.url().default('http://127.0.0.1:4001/graphql'),
  MODELS_URL: z.url().default('http://127.0.0.1:4002/graphql'),
  MONITORING_URL: z.url().default('http://127.0.0.1:4003/graphql'),
  REALTIME_URL: z.url().default('http://127.0.0.1:4004/graphql'),
  ORCHESTRATION_URL: z.url().default('http://127.0.0.1:4005/graphql'),
})

export type Env = z.infer<typeof variables>

export const defaultPorts = {
  gateway: 4000,
  training: 4001,
  models: 4002,
  monitoring: 4003,
  realtime: 4004,
  orchestration: 4005,
  worker: 4006,
} as const

const loopback = new Set(['127.0.0.1', '::1', 'localhost'])

/** Reads and checks the environment; throws INVALID_INPUT naming the variable that is wrong. */
export function readEnv(source: Readonly<Record<string, string | undefined>> = process.env): Env {
  const present = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = variables.safeParse(present)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    const name = String(issue.path[0])
    // Keys, and the passwords in addresses, must not get into a log.
    const shown = /KEY|URL/.test(name) ? name : `${name}=${JSON.stringify(present[name])}`
    throw invalidInput(`The variable ${shown} is not usable: ${issue.message}.`)
  }
  if (parsed.data.FORGE_AUTH === 'off' && !loopback.has(parsed.data.HOST)) {
    throw invalidInput(
      `FORGE_AUTH=off is allowed on loopback only, but HOST is ${parsed.data.HOST}: set HOST=127.0.0.1.`,
    )
  }
  return parsed.data
}
