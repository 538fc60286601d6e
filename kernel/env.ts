import { homedir, hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { invalidInput } from './errors.ts'

const url = () => z.url().optional()
/** One URL, or several separated by commas. */
const urls = (byDefault: string) =>
  z
    .string()
    .transform(list => list.replaceAll(/\s/g, ''))
    .refine(
      list => list.split(',').every(each => URL.canParse(each)),
      'it must be a URL, or several separated by commas',
    )
    .default(byDefault)

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
  /** Bucket of an S3 service that holds the store instead of the folder. */
  FORGE_S3_BUCKET: z.string().optional(),
  /** Address of a service other than AWS. */
  FORGE_S3_ENDPOINT: url(),
  FORGE_S3_REGION: z.string().default('us-east-1'),
  /** Before the names of all objects. */
  FORGE_S3_PREFIX: z
    .string()
    .default('forge')
    .transform(prefix => prefix.replace(/^\/+|\/+$/g, '')),
  /** Both, or AWS's own chain of credentials. */
  FORGE_S3_KEY_ID: z.string().optional(),
  FORGE_S3_SECRET: z.string().optional(),
  /** Keys that encrypt the store, NAME:BASE64 of 32 bytes, separated by commas, the newest first; default not encrypted. */
  FORGE_BLOB_KEYS: z.string().optional(),
  /** A file of such keys, one a line. */
  FORGE_BLOB_KEY_FILE: z.string().optional(),
  /** Vault whose transit engine wraps the keys instead. */
  FORGE_VAULT_URL: url(),
  FORGE_VAULT_TOKEN: z.string().optional(),
  /** Its transit key. */
  FORGE_VAULT_KEY: z.string().default('agent-forge'),
  /** `off` asks nobody for a key; refused when HOST is not a loopback address. */
  FORGE_AUTH: z.enum(['on', 'off']).default('on'),
  FORGE_LOG: z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
  /** OTLP/HTTP endpoint of a collector, such as http://127.0.0.1:4318: traces are recorded where it is set. */
  OTEL_EXPORTER_OTLP_ENDPOINT: url(),
  /** Headers for it, `name=value` separated by commas, the values percent-encoded. */
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .default('')
    .transform(list =>
      Object.fromEntries(
        [...new URLSearchParams(list.replaceAll(',', '&'))].map(([name, value]) => [name.trim(), value.trim()]),
      ),
    ),
  /** Which traces are recorded; `parentbased_` leaves that to whoever began the trace, if not this process. */
  OTEL_TRACES_SAMPLER: z
    .enum([
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ])
    .default('parentbased_always_on'),
  /** Share of the traces that a `traceidratio` sampler records, 0 to 1. */
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
  /** Token of at least 16 characters with which /metrics may be read from other machines; without it, from this one only. */
  FORGE_METRICS_TOKEN: z.string().min(16, 'it must have at least 16 characters').optional(),
  /**
   * PEM files: the certificate of this process, its private key, and the authority that signed it and all others of the
   * forge. Set all three, and the processes talk over mutual TLS only; URLs of services then begin with https.
   */
  FORGE_TLS_CERT: z.string().optional(),
  FORGE_TLS_KEY: z.string().optional(),
  FORGE_TLS_CA: z.string().optional(),
  /** TCP port at which the gateway answers services, over mutual TLS; then GATEWAY_URL names it. 0 takes any free one. */
  GATEWAY_PEER_PORT: z.coerce.number().int().min(0).max(65_535).default(4007),
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
  /** Private Ed25519 JWK (JSON) that signs model versions; default a key file in FORGE_DATA. */
  FORGE_MODEL_KEY: z.string().optional(),
  /** Weights of models that are kept in memory to generate, in MiB. */
  FORGE_MODEL_MEMORY: z.coerce.number().min(1).default(2048),
  /** Hours in which a deletion of model versions can be undone; then they are purged. */
  FORGE_UNDO_HOURS: z.coerce.number().min(0).default(168),
  /** Hours for which the checkpoints of a job that has ended are kept; of a failed one the newest stay. */
  FORGE_CHECKPOINT_HOURS: z.coerce.number().min(0).default(168),
  /** Content of one imported dataset, and what is fetched for it, in MiB. */
  FORGE_IMPORT_LIMIT: z.coerce.number().min(1).default(102_400),
  /** Hosts that imports may fetch from although their addresses are not public, `host` or `host:port` separated by commas. */
  FORGE_IMPORT_HOSTS: z
    .string()
    .default('')
    .transform(list =>
      list
        .split(',')
        .map(host => host.trim())
        .filter(Boolean),
    ),
  /** The Hugging Face hub, or a mirror of it. */
  FORGE_HUB: z
    .url()
    .default('https://huggingface.co')
    .transform(address => address.replace(/\/+$/, '')),
  /** One file that is uploaded to become a dataset, in MiB. */
  FORGE_UPLOAD_LIMIT: z.coerce.number().min(1).default(65_536),
  /** Name of this machine in the fleet. */
  FORGE_NODE: z.string().default(hostname()),
  /** Jobs that this worker runs at once; default its number of cores. */
  FORGE_SLOTS: z.coerce.number().int().min(1).max(1024).optional(),
  /** Memory that its jobs may take together, in MiB; default nine tenths of the machine's, or of the container's limit. */
  FORGE_MEMORY: z.coerce.number().min(1).optional(),
  /** `idle`: trainings take the time that nothing else on this machine wants. `normal`: they take their share. */
  FORGE_TRAINING_PRIORITY: z.enum(['idle', 'normal']).default('idle'),
  /** Where users' caches are on this machine; default ~/.cache. */
  XDG_CACHE_HOME: z.string().default(join(homedir(), '.cache')),
  /** Tokens of datasets that a worker keeps for later trainings, in MiB. */
  FORGE_TOKEN_CACHE: z.coerce.number().min(1).default(20_480),
  /** Labels of this machine for jobs that require them, separated by commas, such as `gpu,zone=eu`. */
  FORGE_LABELS: z
    .string()
    .default('')
    .transform(list =>
      list
        .split(',')
        .map(label => label.trim())
        .filter(Boolean),
    ),
  /**
   * Executor of training: auto, native (needs a C compiler), onnx, tfjs-node-gpu, tfjs-node, tfjs-wasm, reference. Texts are
   * generated on it, too; with auto on onnx.
   */
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
  /** Time that a stopping gateway still takes requests while /health says 503, in seconds: as long as a balancer takes to look. */
  GATEWAY_STOP_NOTICE: z.coerce.number().min(0).default(0),
  /** Time for requests under way to end when it stops, in seconds. */
  GATEWAY_DRAIN: z.coerce.number().min(0).default(10),
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
  /** Time for a subgraph to begin its answer, and between two parts of it, in seconds. */
  GATEWAY_TIMEOUT: z.coerce.number().positive().default(60),
  /** The same for some of them, `models=120,training=10`. */
  GATEWAY_TIMEOUTS: z
    .string()
    .default('')
    .transform(
      (list): Readonly<Record<string, number>> =>
        Object.fromEntries([...new URLSearchParams(list.replaceAll(',', '&'))].map(([name, value]) => [name, +value])),
    )
    .refine(
      times => Object.values(times).every(seconds => seconds > 0),
      'it must be NAME=SECONDS, separated by commas',
    ),
  /** GraphQL endpoints of the subgraphs, for the gateway; of one that several processes serve, all of them. */
  TRAINING_URL: urls('http://127.0.0.1:4001/graphql'),
  MODELS_URL: urls('http://127.0.0.1:4002/graphql'),
  MONITORING_URL: urls('http://127.0.0.1:4003/graphql'),
  REALTIME_URL: urls('http://127.0.0.1:4004/graphql'),
  ORCHESTRATION_URL: urls('http://127.0.0.1:4005/graphql'),
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

/** Every variable of this process, for a child that inherits all but what its parent changes. */
export const inheritedEnv = (): Readonly<Record<string, string | undefined>> => process.env

const loopback = new Set(['127.0.0.1', '::1', 'localhost'])

/** Reads and checks the environment; throws INVALID_INPUT naming the variable that is wrong. */
export function readEnv(source: Readonly<Record<string, string | undefined>> = process.env): Env {
  const present = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = variables.safeParse(present)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    const name = String(issue.path[0])
    // Keys, and the passwords in addresses, must not get into a log.
    const shown = /KEY|URL|SECRET|TOKEN|HEADERS|ENDPOINT/.test(name) ? name : `${name}=${JSON.stringify(present[name])}`
    throw invalidInput(`The variable ${shown} is not usable: ${issue.message}.`)
  }
  if (parsed.data.FORGE_AUTH === 'off' && !loopback.has(parsed.data.HOST)) {
    throw invalidInput(
      `FORGE_AUTH=off is allowed on loopback only, but HOST is ${parsed.data.HOST}: set HOST=127.0.0.1.`,
    )
  }
  return parsed.data
}
