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
   * Further keys to publish, a JSON array of JWKs of which only the public halves are: the next key before any gateway
   * signs with it, and the last one until none does.
   */
  FORGE_SIGNING_KEYS_PUBLISHED: z.string().optional(),
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
  /** Subscribers' connections (graphql-ws and server-sent events) that a gateway holds at once. */
  GATEWAY_CONNECTIONS: z.coerce.number().int().min(1).default(10_000),
  /** Of these, connections of one identity. */
  GATEWAY_CONNECTIONS_PER_IDENTITY: z.coerce.number().int().min(1).default(1_000),
  /** Operations at once on one graphql-ws connection. */
  GATEWAY_OPERATIONS_PER_CONNECTION: z.coerce.number().int().min(1).default(100),
  /** Requests a minute of one identity; gateways that share a Redis (BUS_URL) count together. */
  GATEWAY_RATE_IDENTITY: z.coerce.number().int().min(1).default(120_000),
  /** HTTP requests a minute from one address. */
  GATEWAY_RATE_ADDRESS: z.coerce.number().int().min(1).default(240_000),
  /** What one operation may cost: about the objects that it may yield, by @cost and @listSize. */
  GATEWAY_MAX_COST: z.coerce.number().min(1).default(20_000),
  /** Least role that may ask for the schema: viewer, trainer, operator, admin; `off` is nobody. */
  GATEWAY_INTROSPECTION: z.enum(['viewer', 'trainer', 'operator', 'admin', 'off']).default('viewer'),
  /** Origins of other sites whose pages may ask (CORS), separated by commas; they bring a key, never our cookie. */
  GATEWAY_ORIGINS: z
    .string()
    .default('')
    .transform(list =>
      list
        .split(',')
        .map(origin => origin.trim())
        .filter(Boolean),
    ),
  /** Time for the headers of a request to arrive, and then for the body of a GraphQL request, in seconds. */
  GATEWAY_SEND_TIMEOUT: z.coerce.number().positive().default(20),
  /** Proxies of your own before the gateway; then X-Forwarded-For says who asks. */
  GATEWAY_PROXIES: z.coerce.number().int().min(0).default(0),
  /** `persisted` runs only the documents of the manifest. */
  FORGE_DOCUMENTS: z.enum(['any', 'persisted']).default('any'),
  /** Issuer outside of the forge whose JWTs are taken for keys (OpenID Connect); its keys are pinned to asymmetric algorithms. */
  OIDC_ISSUER: url(),
  /** The `aud` that its tokens must have; needed with OIDC_ISSUER. */
  OIDC_AUDIENCE: z.string().optional(),
  /** Its published keys; default $OIDC_ISSUER/.well-known/jwks.json. */
  OIDC_JWKS_URL: url(),
  /** Claim that holds a role or a list of them, such as `realm_access.roles`; the highest counts. */
  OIDC_ROLE_CLAIM: z.string().default('role'),
  /** The issuer's names of our roles, as `ml-admins=admin,ml-team=trainer`; our own names need no mention. */
  OIDC_ROLES: z
    .string()
    .default('')
    .transform(list => Object.fromEntries(list.split(',').map(pair => pair.trim().split('=')))),
  /** Claim that holds the one project that a token sees, or `*`; `default` where it is absent. */
  OIDC_PROJECT_CLAIM: z.string().default('project'),
  /** The manifest, a JSON object of texts by their SHA-256; default the one of the forge's own client. */
  GATEWAY_DOCUMENTS: z.string().optional(),
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
