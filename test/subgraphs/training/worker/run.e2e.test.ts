import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { openFileBlobs } from '../../../../kernel/blobs/files.ts'
import type { Claim } from '../../../../subgraphs/training/attempts/attempt.ts'
import type { Attempts } from '../../../../subgraphs/training/attempts/ports.ts'
import type { JobChange } from '../../../../subgraphs/training/jobs/ports.ts'
import type { NewLine } from '../../../../subgraphs/training/logs/line.ts'
import { cognateConfig } from '../../../../subgraphs/training/recipes/config.ts'
import { normalPriority } from '../../../../subgraphs/training/worker/priority.ts'
import { runAttempt } from '../../../../subgraphs/training/worker/run.ts'
import { silentLog } from '../../../support/silent-log.ts'
import { digestOf, newJob } from '../stores.ts'

let folder: string
beforeAll(async () => {
  // A training prints nothing by itself.
  const script = "process.stdout.write('said\\n', () => console.error('warned'))"
  vi.stubEnv('NODE_OPTIONS', `--import=data:text/javascript,${encodeURIComponent(script)}`)
  folder = await mkdtemp(join(tmpdir(), 'forge-run-'))
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

it('counts an attempt whose report can never be stored as a crash, instead of trying it for ever', async () => {
  const changes: JobChange[] = []
  const printed: NewLine[] = []
  const attempts = {
    renew: async () => 'RUNNING',
    async print(_attempt, from, lines) {
      expect(from).toBe(printed.length)
      printed.push(...lines)
      return 'RUNNING'
    },
    // The process reports that the text of its dataset is not there.
    async end(_attempt, _status, change) {
      if (change.status === 'FAILED') throw new Error('null value in column "value"')
      changes.push(change)
      return true
    },
    async lose(_attempt, verdict) {
      changes.push(verdict(job).change)
      return true
    },
  } satisfies Partial<Attempts> as unknown as Attempts
  const job = newJob('ds_1', { status: 'RUNNING', attempts: 1, executor: 'onnx', config: cognateConfig('NANO', {}, 1) })
  const claim: Claim = { attempt: { jobId: job.id, number: 1 }, job, checkpoints: [], recorded: {} }

  await runAttempt(
    {
      attempts,
      now: () => new Date(),
      blobs: await openFileBlobs(folder),
      blobSettings: { folder },
      priority: normalPriority,
      tokens: { folder: join(folder, 'tokens'), limitBytes: 1e9 },
      threads: () => 1,
      log: silentLog,
    },
    { ...claim, job: { ...job, datasetFingerprint: digestOf('f') } },
    new AbortController().signal,
  )
  expect(changes).toMatchObject([{ status: 'QUEUED', crashes: 1 }])
  expect(printed).toMatchObject([
    { attempt: 1, source: 'STDOUT', event: null, text: 'said' },
    { attempt: 1, source: 'STDERR', event: null, text: 'warned' },
  ])
}, 120_000)
