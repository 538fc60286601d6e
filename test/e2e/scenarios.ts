import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectForge, type Forge } from '../../client/forge.ts'
import { readHuggingFace } from '../../engine/formats/huggingface.ts'
import { eventually } from '../support/processes.ts'
import type { RunningForge } from './running-forge.ts'

/** Small enough that a job takes a second or two: 30 thousand parameters. */
const tiny = {
  sizes: { vocabulary: 320, width: 32, layers: 1, heads: 1, keyValueHeads: 1, feedForward: 64 },
  context: 32,
  batch: 4,
  validationEvery: 20,
  checkpointEvery: 10,
}

/** What must hold for every shape of the forge, driven through the gateway alone. */
export function scenarios(shape: string, start: () => Promise<RunningForge>): void {
  describe(`the forge, ${shape}`, () => {
    let running: RunningForge
    let forge: Forge
    beforeAll(async () => {
      running = await start()
      forge = connectForge({ url: running.url, apiKey: running.adminKey })
    }, 120_000)
    afterAll(async () => {
      await forge?.[Symbol.asyncDispose]()
      await running?.[Symbol.asyncDispose]()
    }, 60_000)

    const ask = async (query: string, variables: object = {}, key: string | null = running.adminKey) => {
      const response = await fetch(`${running.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(key ? { authorization: `Bearer ${key}` } : {}) },
        body: JSON.stringify({ query, variables }),
      })
      return (await response.json()) as Answer
    }
    const codeOf = (answer: Answer) => answer.errors?.[0]?.extensions.code

    it('asks everybody for a key', async () => {
      expect(codeOf(await ask('{ jobs { edges { node { id } } } }', {}, null))).toBe('UNAUTHENTICATED')
      expect(codeOf(await ask('{ viewer { name } }', {}, 'forge_wrong'))).toBe('UNAUTHENTICATED')
      const { data } = await ask('{ viewer { name scopes } services { name status } }')
      expect(data.viewer.scopes).toContain('training:write')
    })

    it('reports itself, as measured', async () => {
      const { data } = await eventually(async () => {
        const answer = await ask('{ fleet { status nodes { id cores slots load } } services { name status } }')
        return answer.data?.services?.length >= 5 && answer.data.fleet.nodes.length > 0 && answer
      }, 'five services and a node have reported themselves')
      expect(data.fleet.nodes[0].cores).toBeGreaterThan(0)
      expect(data.services.map((service: { status: string }) => service.status)).not.toContain('DOWN')
    })

    it('trains, streams every point once across a reconnect, and joins fields of four subgraphs', async () => {
      const job = await forge.startCognate({ ...tiny, modelName: 'tiny', steps: 40, seed: 7 })

      const first = await take(3, forge.trainingProgress(job.id))
      const rest = await toEnd(forge.trainingProgress(job.id, { after: first.at(-1)!.cursor }))

      const events = [...first, ...rest]
      expect(stepsOf(events, 'loss')).toEqual(range(1, 40))
      expect(events.every(event => event.gap == null)).toBe(true)
      expect(events.at(-1)).toMatchObject({ status: 'COMPLETED', step: 40, job: { id: job.id, modelName: 'tiny' } })
      expect(new Set(events.map(event => event.cursor)).size).toBe(events.length)

      const joined = await eventually(async () => {
        const { data } = await ask(
          `query ($id: ID!) { job(id: $id) { status progress checkpoints { step } metrics(names: ["loss"]) { name points { step value } }
             node { id cores } output { number digest sizeBytes parameterCount model { name } job { id } } } }`,
          { id: job.id },
        )
        return data.job.output && data.job.node && data
      }, 'the job has an output')
      expect(joined.job).toMatchObject({
        status: 'COMPLETED',
        progress: 1,
        output: { number: 1, model: { name: 'tiny' } },
      })
      expect(joined.job.output.digest).toMatch(/^sha256:[0-9a-f]{64}$/)
      expect(joined.job.metrics[0].points).toHaveLength(40)
      expect(joined.job.metrics[0].points.at(-1).value).toBeLessThan(joined.job.metrics[0].points[0].value)
    }, 60_000)

    it('searches a merge of two versions, and registers it with its parents', async () => {
      // One seed: both begin at the same weights.
      const second = await forge.startCognate({
        ...tiny,
        modelName: 'tiny-too',
        steps: 30,
        seed: 7,
        learningRate: 2e-3,
      })
      await toEnd(forge.trainingProgress(second.id))
      await eventually(async () => (await forge.job(second.id)).output, 'the second model is registered')
      await forge.setAlias('tiny/1', 'trunk')
      const input = { parents: ['tiny@trunk', 'tiny-too/1'], modelName: 'merged', generations: 2, population: 4 }
      const job = await forge.startEvoMerge(input)
      const events = await toEnd(forge.trainingProgress(job.id))
      expect(events.at(-1)).toMatchObject({ status: 'COMPLETED', step: 2 })
      const best = events.flatMap(({ points }) => points).filter(({ name }) => name === 'best_loss')
      expect(best.map(({ value }) => value)).toEqual(best.map(({ value }) => value).toSorted((a, b) => b - a))

      const output = await eventually(async () => (await forge.job(job.id)).output, 'the merge is registered')
      const version = await forge.modelVersion(output.ref)
      expect(version).toMatchObject({ ref: 'merged/1', phase: 'EVOMERGE' })
      expect(version.parents.map(({ ref }) => ref).toSorted()).toEqual(['tiny-too/1', 'tiny/1'])
      expect(version.metrics.map(({ name }) => name)).toContain('test_gain_low')
      const { report } = await forge.job(job.id)
      expect(report).toMatchObject({ parents: [{ ref: 'tiny/1' }, { ref: 'tiny-too/1' }], verdict: expect.any(String) })
    }, 90_000)

    it('searches the settings of a training, and registers the best trial only', async () => {
      const space = [{ parameter: 'learningRate', choice: [1e-5, 3e-3, 1e9] }]
      const { id } = await forge.startSweep({ ...tiny, modelName: 'swept', steps: 30 }, { space, algorithm: 'GRID' })
      const sweep = await eventually(
        async () => {
          const found = await forge.sweep(id)
          return found.status !== 'RUNNING' && found
        },
        'the sweep has ended',
        60,
      )
      expect(sweep.trials.map(({ status }) => status)).toEqual(['COMPLETED', 'COMPLETED', 'FAILED'])
      expect(sweep).toMatchObject({ status: 'COMPLETED', progress: 1, best: { parameters: { learningRate: 3e-3 } } })
      const outputOf = async (trial: number) => (await forge.job(sweep.trials[trial]!.job!.id)).output
      expect(await eventually(() => outputOf(1), 'the best is registered')).toMatchObject({ ref: 'swept/1' })
      expect(await outputOf(0)).toBeNull()
    }, 90_000)

    it('generates text with what it trained, the same for the same seed', async () => {
      const input = { model: 'tiny/1', prompt: 'Call me', maxTokens: 12, temperature: 0.8, seed: 5 }
      const [one, two] = [await forge.generate(input), await forge.generate(input)]
      expect(one.text.length).toBeGreaterThan(0)
      expect(two.text).toBe(one.text)
    }, 60_000)

    it('lets go of what it trained: every file as its digest says, and a model for whoever reads it', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'forge-download-'))
      try {
        const { version, files } = await forge.download('tiny/1', folder)
        const contents = Object.fromEntries(
          await Promise.all(files.map(async ({ path }) => [path, await readFile(join(folder, path))] as const)),
        )
        for (const { path, digest } of files) {
          expect(`sha256:${createHash('sha256').update(contents[path]!).digest('hex')}`, path).toBe(digest)
        }
        const { config, parameters } = readHuggingFace(contents)
        expect(config).toMatchObject({ width: 32, layers: 1, contextLength: 32 })
        const numbers = Object.values(parameters).reduce((sum, { length }) => sum + length, 0)
        expect(numbers).toBe(version.parameterCount)

        const address = new URL(version.files[0]!.url, running.url)
        expect((await fetch(address)).status).toBe(401)
        const headers = { authorization: `Bearer ${running.adminKey}`, range: 'bytes=2-3' }
        const part = await fetch(address, { headers })
        expect([part.status, (await part.arrayBuffer()).byteLength]).toEqual([206, 2])
      } finally {
        await rm(folder, { recursive: true })
      }
    }, 60_000)

    it('runs a pipeline to a registered version, and runs it once for one idempotency key', async () => {
      const input = { pipeline: 'cognate', modelName: 'piped', config: { ...tiny, steps: 6 }, idempotencyKey: 'once' }
      const run = await forge.runPipeline(input)
      const again = await forge.runPipeline(input)
      expect(again.id).toBe(run.id)

      const events = await toEnd(forge.pipelineProgress(run.id))
      expect(events.at(-1)).toMatchObject({ status: 'COMPLETED' })
      const { data } = await ask(
        'query ($id: ID!) { pipelineRun(id: $id) { status steps { name status job { id step } output { number model { name } } } } }',
        { id: run.id },
      )
      expect(data.pipelineRun.steps).toMatchObject([
        { status: 'COMPLETED', job: { step: 6 }, output: { number: 1, model: { name: 'piped' } } },
      ])
      await expect(forge.runPipeline({ ...input, modelName: 'other' })).rejects.toMatchObject({ code: 'CONFLICT' })
    }, 60_000)

    it('streams the log of a job while it grows, each line once across a reconnect', async () => {
      const job = await forge.startCognate({ ...tiny, modelName: 'logged', steps: 60 })
      const first = await take(2, forge.jobLogs(job.id))
      const rest = await toEnd(forge.jobLogs(job.id, { after: first.at(-1)!.cursor }))
      const lines = [...first, ...rest].flatMap(event => event.lines)
      expect(lines.map(({ number }) => number)).toEqual(range(1, lines.length))
      const events = lines.map(({ event }) => event)
      expect(events.slice(0, 2)).toEqual(['queued', 'started'])
      expect(events.at(-1)).toBe('completed')
      expect(events).toEqual(expect.arrayContaining(['validated', 'checkpointed']))
      expect((await forge.jobLog(job.id, { tail: 1 })).lines).toEqual([lines.at(-1)])
    }, 60_000)

    it('pauses and resumes with the losses of a job that was never paused', async () => {
      const settings = { ...tiny, steps: 600, seed: 11 }
      const straight = await forge.startCognate({ ...settings, modelName: 'straight' })
      const losses = lossesOf(await toEnd(forge.trainingProgress(straight.id)))

      const job = await forge.startCognate({ ...settings, modelName: 'paused' })
      await take(2, forge.trainingProgress(job.id))
      await forge.pauseJob(job.id)
      await eventually(async () => (await forge.job(job.id)).status === 'PAUSED', 'the job is paused')
      await expect(forge.pauseJob(job.id)).rejects.toMatchObject({ code: 'CONFLICT' })
      await forge.resumeJob(job.id)
      expect(lossesOf(await toEnd(forge.trainingProgress(job.id)))).toEqual(losses)
    }, 120_000)

    it('cancels within two seconds, for good', async () => {
      const job = await forge.startCognate({ ...tiny, modelName: 'cancelled', steps: 100_000 })
      await take(2, forge.trainingProgress(job.id))
      const began = performance.now()
      await forge.cancelJob(job.id)
      const rest = await toEnd(forge.trainingProgress(job.id))
      expect(performance.now() - began).toBeLessThan(2_500)
      expect(rest.at(-1)).toMatchObject({ status: 'CANCELLED' })
      expect((await forge.job(job.id)).status).toBe('CANCELLED')
    }, 60_000)

    it.each([
      ['an unknown job', 'query { job(id: "job_nothing") { id } }', 'NOT_FOUND', 'job_nothing'],
      ['an unknown version', 'query { modelVersion(ref: "nobody/3") { id } }', 'NOT_FOUND', 'nobody'],
      ['a model name with a space', cognate('modelName: "my model"'), 'INVALID_INPUT', 'my model'],
      ['a negative learning rate', cognate('modelName: "m", learningRate: -0.1'), 'INVALID_INPUT', '-0.1'],
      ['a missing dataset', cognate('modelName: "m", dataset: "ds_missing"'), 'NOT_FOUND', 'ds_missing'],
      [
        'an empty dataset',
        'mutation { createDataset(input: { name: "empty", text: "" }) { id } }',
        'INVALID_INPUT',
        'empty',
      ],
      ['a document that is no GraphQL', 'query { job(', 'INVALID_INPUT', ''],
      ['a field that does not exist', 'query { wishes }', 'INVALID_INPUT', 'wishes'],
    ])('answers %s with a code, the value and nothing made', async (_what, query, code, value) => {
      const answer = await ask(query)
      expect(codeOf(answer)).toBe(code)
      expect(answer.errors![0]!.message).toContain(value)
    })

    it('trains on a file that was uploaded', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'forge-upload-'))
      const file = join(folder, 'lines.jsonl')
      const line = (index: number) => JSON.stringify({ text: `Line ${index}, and the waves of the sea. `.repeat(4) })
      await writeFile(file, Array.from({ length: 400 }, (_, index) => line(index)).join('\n'))
      const upload = { id: await forge.uploadFile(file) }
      const { id } = await forge.importDataset({ name: 'uploaded-lines', upload })
      expect(await forge.datasetImported(id)).toMatchObject({ documents: 400 })
      const job = await forge.startCognate({ ...tiny, modelName: 'of-lines', dataset: 'uploaded-lines', steps: 3 })
      expect((await toEnd(forge.trainingProgress(job.id))).at(-1)).toMatchObject({ status: 'COMPLETED' })
      await rm(folder, { recursive: true })
    }, 60_000)

    it('answers a cursor that is no cursor with a clear error', async () => {
      const { id } = await forge.startCognate({ ...tiny, modelName: 'cursor', steps: 1 })
      await expect(toEnd(forge.trainingProgress(id, { after: 'nonsense' }))).rejects.toMatchObject({
        code: 'INVALID_INPUT',
      })
    })

    it('refuses a model that does not fit memory before anything is made', async () => {
      const answer = await ask(
        cognate(
          'modelName: "huge", batch: 4096, sizes: { vocabulary: 65536, width: 8192, layers: 64, heads: 64, keyValueHeads: 64, feedForward: 32768 }',
        ),
      )
      expect(codeOf(answer)).toBe('RESOURCE_EXHAUSTED')
      expect((await ask('{ model(name: "huge") { name } }')).data?.model ?? null).toBeNull()
    })

    it('goes on from the last checkpoint after a SIGKILL, and loses nothing it had acknowledged', async () => {
      const settings = { ...tiny, steps: 1_000, seed: 3, checkpointEvery: 20 }
      const undisturbed = await forge.startCognate({ ...settings, modelName: 'undisturbed' })
      const losses = lossesOf(await toEnd(forge.trainingProgress(undisturbed.id)))

      const job = await forge.startCognate({ ...settings, modelName: 'killed' })
      const seen: Progress[] = []
      for await (const event of forge.trainingProgress(job.id)) {
        seen.push(event)
        if (event.step >= 60) break
      }
      await running.crash()
      await running.restart()

      const rest = await toEnd(forge.trainingProgress(job.id, { after: seen.at(-1)!.cursor }))
      expect(rest.at(-1)).toMatchObject({ status: 'COMPLETED', step: 1_000 })
      expect(lossesOf([...seen, ...rest])).toEqual(losses)
      const { attempts } = await forge.job(job.id)
      expect(attempts).toBeGreaterThan(1)

      const lines = (await toEnd(forge.jobLogs(job.id))).flatMap(event => event.lines)
      expect(lines.map(({ number }) => number)).toEqual(range(1, lines.length))
      const told = (event: string) => lines.filter(line => line.event === event).map(({ attempt }) => attempt)
      expect(told('started')).toEqual(range(1, attempts))
      expect(told('completed')).toEqual([attempts])
      expect((await forge.jobLog(job.id, { first: 5_000 })).lines).toEqual(lines)
    }, 180_000)
  })
}

interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: each scenario knows the shape of what it asked for
  readonly data: any
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[]
}

type Progress = Awaited<ReturnType<typeof toEnd<AsyncIterableItem<ReturnType<Forge['trainingProgress']>>>>>[number]
type AsyncIterableItem<T> = T extends AsyncIterable<infer Item> ? Item : never

const cognate = (input: string) => `mutation { startCognate(input: { ${input} }) { id } }`

async function take<T>(count: number, events: AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = []
  for await (const event of events) {
    taken.push(event)
    if (taken.length === count) break
  }
  return taken
}

async function toEnd<T>(events: AsyncIterable<T>): Promise<T[]> {
  return take(Number.POSITIVE_INFINITY, events)
}

const pointsOf = (events: readonly Progress[], name: string) =>
  events.flatMap(event => event.points.filter(point => point.name === name))
const stepsOf = (events: readonly Progress[], name: string) => pointsOf(events, name).map(point => point.step)
const lossesOf = (events: readonly Progress[]) => pointsOf(events, 'loss').map(point => [point.step, point.value])
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
