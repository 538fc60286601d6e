import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openFileBlobs } from '../../../../kernel/blobs/files.ts'
import type { Claim } from '../../../../subgraphs/training/attempts/attempt.ts'
import type { Attempts } from '../../../../subgraphs/training/attempts/ports.ts'
import type { JobChange } from '../../../../subgraphs/training/jobs/ports.ts'
import { cognateConfig } from '../../../../subgraphs/training/recipes/config.ts'
import { runAttempt } from '../../../../subgraphs/training/worker/run.ts'
import { silentLog } from '../../../support/silent-log.ts'
import { digestOf, newJob } from '../stores.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forge-run-'))
})
afterAll(() => rm(folder, { recursive: true }))

it('counts an attempt whose report can never be stored as a crash, instead of trying it for ever', async () => {
  const changes: JobChange[] = []
  const attempts = {
    renew: async () => 'RUNNING',
    // The process reports that the text of its dataset is not there.
    async end(_attempt, _status, change) {
      if (change.status === 'FAILED') throw new Error('null value in column "value"')
      changes.push(change)
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
      blobsFolder: folder,
      threads: () => 1,
      log: silentLog,
    },
    { ...claim, job: { ...job, datasetFingerprint: digestOf('f') } },
    new AbortController().signal,
  )
  expect(changes).toEqual([{ status: 'QUEUED', crashes: 1 }])
}, 60_000)
