import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Blobs } from '../../../../kernel/blobs/blobs.ts'
import { type BlobSettings, openBlobs } from '../../../../kernel/blobs/open.ts'
import { DomainError } from '../../../../kernel/errors.ts'
import { cognateConfig } from '../../../../subgraphs/training/recipes/config.ts'
import { backgroundBlobs } from '../../../../subgraphs/training/trainer/background-blobs.ts'
import type { FromTrainer, Order } from '../../../../subgraphs/training/trainer/protocol.ts'
import { runTraining } from '../../../../subgraphs/training/trainer/training.ts'

const text = Array.from({ length: 800 }, (_, index) => `Line ${index} of a text that repeats itself.\n`).join('')
const settings = {
  sizes: { vocabulary: 300, width: 32, layers: 1, heads: 1, feedForward: 32 },
  context: 16,
  batch: 2,
  steps: 16,
  validationEvery: 8,
  checkpointEvery: 5,
}
const config = cognateConfig('NANO', settings, 7)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forge-checkpoints-'))
})
afterAll(() => rm(folder, { recursive: true }))

interface Surrounded {
  readonly blobs: Blobs
  readonly store?: Blobs['put']
  /** Hears of every message before the next step. */
  onMessage?(message: FromTrainer): void
  readonly stopAfter?: number
}

async function train({ blobs, store = blobs.put, onMessage, stopAfter }: Surrounded, change: Partial<Order> = {}) {
  const { digest } = await blobs.put(Buffer.from(text))
  const messages: FromTrainer[] = []
  let steps = 0
  const order: Order = {
    kind: 'start',
    jobId: 'job_1',
    phase: 'COGNATE',
    config,
    dataset: digest,
    executor: 'onnx',
    threads: 1,
    checkpoints: [],
    recorded: {},
    blobs: { folder },
    tokens: { folder: join(folder, 'tokens'), limitBytes: 1e9 },
    ...change,
  }
  const send = (message: FromTrainer) => {
    messages.push(message)
    onMessage?.(message)
  }
  const breathe = async () => {
    steps += 1
    await new Promise(setImmediate)
  }
  await runTraining(order, { blobs, store, send, breathe, shouldStop: () => steps >= (stopAfter ?? Infinity) })
  const points = messages.flatMap(message => (message.kind === 'points' ? message.points : []))
  return {
    losses: points.filter(({ name }) => name === 'loss').map(({ step, value }) => [step, value] as const),
    checkpoints: messages.filter(message => message.kind === 'checkpoint').reverse(),
    warnings: messages.filter(message => message.kind === 'warning').map(({ message }) => message),
    last: messages.at(-1)!,
  }
}

const stores: readonly { name: string; settings: (folder: string) => BlobSettings; suffix: string }[] = [
  { name: 'files', settings: folder => ({ folder }), suffix: '' },
  {
    name: 'encrypted files',
    settings: folder => ({ folder, keys: `1:${randomBytes(32).toString('base64')}` }),
    suffix: '.enc',
  },
]

describe.each(stores)('a checkpoint in $name', ({ name, settings, suffix }) => {
  it('that was altered, cut short or removed is noticed, and the one before gives the same losses', async () => {
    const place = join(folder, name)
    await mkdir(place)
    const blobs = await openBlobs(settings(place))
    const whole = await train({ blobs })
    const [newest, before] = whole.checkpoints
    expect([newest!.step, before!.step]).toEqual([15, 10])
    const hex = newest!.digest.slice('sha256:'.length)
    const path = join(place, hex.slice(0, 2), `${hex.slice(2)}${suffix}`)
    const bytes = await readFile(path)

    const middle = bytes.length >> 1
    const altered = Buffer.from(bytes)
    altered[middle]! ^= 1
    for (const damage of [
      () => writeFile(path, altered),
      () => writeFile(path, bytes.subarray(0, middle)),
      () => writeFile(path, ''),
      () => rm(path),
    ]) {
      await writeFile(path, bytes)
      await damage()
      const again = await train({ blobs, stopAfter: 2 }, { checkpoints: [newest!, before!] })
      expect(again.warnings).toEqual([expect.stringContaining('The checkpoint of step 15 cannot be used')])
      expect(again.losses).toEqual(whole.losses.slice(10, 12))
    }
  }, 60_000)
})

describe('a checkpoint for which there is no room', () => {
  it('is left out with a warning, and the training goes on and keeps those before', async () => {
    const blobs = await openBlobs({ folder })
    const whole = await train({ blobs })
    let saves = 0
    const store: Blobs['put'] = async bytes => {
      saves += 1
      if (saves === 2) throw new DomainError('RESOURCE_EXHAUSTED', 'There is no space left in /blobs.')
      return blobs.put(bytes)
    }
    const tight = await train({ blobs, store })
    expect(tight.warnings).toEqual(['The checkpoint of step 10 could not be saved: There is no space left in /blobs.'])
    expect(tight.checkpoints.map(({ step }) => step)).toEqual([15, 5])
    expect(tight.losses).toEqual(whole.losses)
    expect(tight.last).toMatchObject({ kind: 'completed' })
  }, 60_000)

  it('leaves a job on a full disk with a clear error, and with all that was saved before', async context => {
    const small = join(folder, 'small')
    await mkdir(small)
    try {
      execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', small], { stdio: 'ignore' })
    } catch {
      return context.skip('only root may mount')
    }
    try {
      const blobs = await openBlobs({ folder: small })
      let isFull = false
      const fill = (message: FromTrainer) => {
        if (message.kind !== 'checkpoint' || isFull) return
        isFull = true
        // dd ends with an error, once nothing more fits.
        expect(() =>
          execFileSync('dd', ['if=/dev/zero', `of=${join(small, 'ballast')}`], { stdio: 'ignore' }),
        ).toThrow()
      }
      const saved: FromTrainer[] = []
      const onMessage = (message: FromTrainer) => {
        saved.push(message)
        fill(message)
      }
      await expect(train({ blobs, onMessage })).rejects.toMatchObject({
        code: 'RESOURCE_EXHAUSTED',
        message: expect.stringContaining(`no space left in ${small}`),
      })
      const kept = saved.filter(message => message.kind === 'checkpoint')
      expect(kept.map(({ step }) => step)).toEqual([5])

      await rm(join(small, 'ballast'))
      const again = await train({ blobs }, { checkpoints: kept })
      expect(again.last).toMatchObject({ kind: 'completed' })
      expect(again.losses[0]![0]).toBe(6)
    } finally {
      execFileSync('/bin/umount', [small])
    }
  }, 60_000)
})

describe('the thread that stores checkpoints', () => {
  it('answers as the store does, with its errors too, and survives them', async () => {
    const place = join(folder, 'thread')
    await mkdir(place)
    await using background = backgroundBlobs({ folder: place })
    const bytes = randomBytes(300_000)
    const copy = Buffer.from(bytes)
    const blob = await background.put(bytes)
    expect(blob.sizeBytes).toBe(300_000)
    expect(Buffer.from(await (await openBlobs({ folder: place })).bytes(blob.digest)).equals(copy)).toBe(true)
    expect(await background.put(Buffer.from('small'))).toMatchObject({ sizeBytes: 5 })

    await using broken = backgroundBlobs({ folder: place, keys: 'no key' })
    await expect(broken.put(Buffer.from('a'))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(broken.put(Buffer.from('a'))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  }, 60_000)
})
