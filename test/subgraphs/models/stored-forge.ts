import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PrismaPg } from '@prisma/adapter-pg'
import { createYoga } from 'graphql-yoga'
import { writeSafetensors } from '../../../engine/formats/safetensors.ts'
import type { Identity } from '../../../kernel/auth/identity.ts'
import { openFileBlobs } from '../../../kernel/blobs/files.ts'
import { maskError } from '../../../kernel/masking.ts'
import { serveGraph } from '../../../kernel/serve.ts'
import { PrismaClient } from '../../../prisma/models/generated/client.ts'
import type { EventData, Topic } from '../../../schema/events.ts'
import { artifactRoute } from '../../../subgraphs/models/artifacts/route.ts'
import { handleEvent } from '../../../subgraphs/models/consumption.ts'
import { schema } from '../../../subgraphs/models/graph.ts'
import { uploadRoute } from '../../../subgraphs/models/imports/route.ts'
import { modelsLoaders } from '../../../subgraphs/models/loaders.ts'
import { storedParts } from '../../../subgraphs/models/parts.ts'
import { sweep } from '../../../subgraphs/models/purging/service.ts'
import { serviceDatabase } from '../../support/service-database.ts'
import { silentLog } from '../../support/silent-log.ts'
import { completedJob, echoGenerators, identity, testSigner } from './memory.ts'

export const HOUR = 60 * 60 * 1000

interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: answers have the shape of their query.
  readonly data: any
  readonly errors?: { readonly message: string; readonly extensions: { readonly code: string } }[]
}

/** Models over PostgreSQL and a folder of blobs, with a clock that tests move. */
export async function storedForge() {
  const open = new AsyncDisposableStack()
  const { pool } = open.use(await serviceDatabase('models'))
  const db = new PrismaClient({ adapter: new PrismaPg(pool) })
  open.defer(() => db.$disconnect())
  const folder = await mkdtemp(join(tmpdir(), 'forge-lifecycle-'))
  open.defer(() => rm(folder, { recursive: true }))
  const blobs = await openFileBlobs(folder)
  const told: EventData<'chat.progressed'>[] = []
  const echo = echoGenerators().generators
  /** A reply waits for it. */
  const gate = { open: Promise.resolve() }
  const clock = { now: new Date(), lagMs: 0 }
  const parts = {
    ...storedParts({ db, blobs, signer: testSigner, undoMs: 24 * HOUR }),
    generators: {
      ...echo,
      generate: async (...asked: Parameters<typeof echo.generate>) => gate.open.then(() => echo.generate(...asked)),
    },
    tell: async (_: string, progress: EventData<'chat.progressed'>) => void told.push(progress),
    lagMs: async () => clock.lagMs,
    now: () => clock.now,
  }
  const handle = handleEvent(parts)
  let events = 0

  const happen = <T extends Topic>(topic: T, data: EventData<T>, project = 'default') =>
    handle({
      id: `evt_${++events}`,
      position: `${events}`,
      topic,
      key: 'any',
      project,
      at: new Date().toISOString(),
      data,
    })
  const stored = async (path: string, bytes: Uint8Array) => ({ path, ...(await blobs.put(bytes)) })

  return {
    db,
    blobs,
    folder,
    clock,
    gate,
    told,
    parts,
    happen,
    stored,
    sweep: () => sweep(parts),
    /** Registers a version of one tensor, as a completed job does. */
    async complete(jobId: string, change: Partial<EventData<'job.completed'>> = {}, weights: number[] = [1, 2, 3, 4]) {
      const bytes = writeSafetensors({ w: { shape: [2, weights.length / 2], data: new Float32Array(weights) } })
      const files = [await stored('model.safetensors', bytes), await stored('config.json', Buffer.from('{}'))]
      await happen('job.completed', completedJob({ jobId, files, ...change }))
      return db.version.findUniqueOrThrow({ where: { jobId } })
    },
    async ask(query: string, variables: object = {}, who: Identity = identity()): Promise<Answer> {
      const yoga = createYoga({
        schema,
        logging: false,
        maskedErrors: { maskError: error => maskError(error, silentLog) },
        context: { ...parts, identity: who, loaders: modelsLoaders(parts, who) },
      })
      const response = await yoga.fetch('http://models/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      })
      return (await response.json()) as Answer
    },
    /** Its graph and its artifacts over HTTP, for a key that may do everything. */
    async serve(): Promise<string> {
      const everybody = async () => identity()
      const upload = uploadRoute(parts, everybody)
      const artifact = artifactRoute(parts, everybody, silentLog)
      const serving = await serveGraph({
        name: 'models',
        schema,
        host: '127.0.0.1',
        port: 0,
        verify: everybody,
        log: silentLog,
        route: async (request, response) => (await upload(request, response)) || artifact(request, response),
        context: who => ({ ...parts, loaders: modelsLoaders(parts, who) }),
        healthy: async () => {},
      })
      open.use(serving)
      return serving.url
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

export type StoredForge = Awaited<ReturnType<typeof storedForge>>
export const failureOf = ({ errors }: Answer) => errors?.map(e => `${e.extensions.code}: ${e.message}`).join()
