import { createHash } from 'node:crypto'
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectForge } from '../../../../client/forge.ts'
import { close, listen } from '../../../../kernel/serve.ts'
import { until } from '../../../support/condition.ts'
import { runningTraining, tiny, trainer, trainingProcesses } from '../running.ts'

let training: Awaited<ReturnType<typeof runningTraining>>
/** A file of the web that is sent only so far until it is let go. */
const web = createServer((request, response) => {
  if (request.url === '/whole') return void response.end('all of it')
  if (request.headers.range) return void rest(request.headers.range, response)
  response.writeHead(200, { 'content-length': slow.length, etag: '"slow"' })
  response.write(slow.subarray(0, 70_000))
})
const slow = Buffer.from('A slow line of the web.\n'.repeat(5_000))
let ranges: string[] = []
function rest(range: string, response: ServerResponse) {
  ranges.push(range)
  const from = Number(/\d+/.exec(range)![0])
  response.writeHead(206, { 'content-length': slow.length - from, etag: '"slow"' }).end(slow.subarray(from))
}

let webUrl: string
beforeAll(async () => {
  webUrl = await listen(web, '127.0.0.1', 0)
  training = await runningTraining({ more: { FORGE_IMPORT_HOSTS: new URL(webUrl).host } })
}, 60_000)
afterAll(async () => {
  await training[Symbol.asyncDispose]()
  web.closeAllConnections()
  await close(web)
})

const connected = async () => connectForge({ url: training.url(), apiKey: await training.tokenOf() })
const staged = () => readdir(join(training.env.FORGE_DATA, 'imports'))
/** Bytes of what an import fetches. */
const arrived = (id: string) =>
  stat(join(training.env.FORGE_DATA, 'imports', id, 'file-0.part')).then(
    ({ size }) => size,
    () => 0,
  )
const tokenFiles = async () =>
  (await readdir(join(training.env.FORGE_DATA, 'tokens'))).filter(name => name.endsWith('.tokens'))
const importers = () => trainingProcesses(process.pid, 'importer/main.ts')
const statusOf = async (id: string) => {
  await using forge = await connected()
  return (await forge.datasetImport(id)).status
}

describe('an import', () => {
  it('becomes a dataset that jobs train on, which is tokenized once', async () => {
    await using forge = await connected()
    const folder = join(training.env.FORGE_DATA, 'datasets', 'sea')
    await mkdir(folder, { recursive: true })
    for (let index = 0; index < 60; index++) {
      await writeFile(join(folder, `${index}.txt`), `Chapter ${index} of the sea, ${'and of the waves. '.repeat(60)}`)
    }
    const { id } = await forge.importDataset({ name: 'sea', files: { paths: ['sea/*.txt'], gitignore: true } })
    const seen: number[] = []
    const dataset = await forge.datasetImported(id, { onProgress: ({ progress }) => seen.push(progress) })
    expect(dataset).toMatchObject({ name: 'sea', documents: 60, project: 'default' })
    expect(seen).toEqual(seen.toSorted((one, other) => one - other))
    const { samples, source, longestBytes } = await forge.dataset(dataset.id)
    expect(samples[0]!.text).toMatch(/^Chapter \d+ of the sea/)
    expect([source, longestBytes]).toMatchObject([
      { from: { kind: 'FILES', paths: ['sea/*.txt'] } },
      'Chapter 10 of the sea, '.length + 18 * 60,
    ])

    const first = await training.startCognate({ ...tiny, dataset: 'sea', steps: 5, seed: 1 })
    await training.reaches(first, 'COMPLETED')
    const made = await tokenFiles()
    const second = await training.startCognate({ ...tiny, dataset: 'sea', steps: 5, seed: 2 })
    await training.reaches(second, 'COMPLETED')
    expect(made).toHaveLength(1)
    expect(await tokenFiles()).toEqual(made)
    const { latest } = await training.job(second)
    const counts = ['training_tokens', 'validation_tokens'].map(
      name => latest.find((metric: { name: string }) => metric.name === name).value,
    )
    expect(counts[1] / (counts[0] + counts[1])).toBeCloseTo(0.1, 1)
    const counted = await training.ask(
      'query ($id: ID!) { dataset(id: $id) { tokens { training validation job { id } } } }',
      dataset,
    )
    expect(counted.data.dataset.tokens).toEqual({ training: counts[0], validation: counts[1], job: { id: second } })
  }, 90_000)

  it('says why it failed, and makes nothing', async () => {
    await using forge = await connected()
    await writeFile(join(training.env.FORGE_DATA, 'datasets', 'bad.jsonl'), '{"text":"one"}\n{"text":')
    const { id } = await forge.importDataset({ name: 'bad', files: { paths: ['bad.jsonl'], gitignore: true } })
    await expect(forge.datasetImported(id)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('Line 2 of "bad.jsonl"'),
    })
    expect((await forge.datasets()).items.map(({ name }) => name)).not.toContain('bad')
    await expect(forge.cancelDatasetImport(id)).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('begins again when its process is killed', async () => {
    await using forge = await connected()
    ranges = []
    const { id } = await forge.importDataset({ name: 'killed', url: { url: `${webUrl}/slow` } })
    await until('a part of it is here', async () => (await arrived(id)) === 70_000)
    for (const pid of await importers()) process.kill(pid, 'SIGKILL')
    const dataset = await forge.datasetImported(id)
    expect(dataset.sizeBytes).toBe(slow.length)
    expect(ranges).toEqual(['bytes=70000-'])
    await until('nothing of it is left', async () => !(await staged()).includes(id))
  }, 30_000)

  it('goes on at the next start of the forge, and leaves nothing half', async () => {
    await using forge = await connected()
    ranges = []
    const { id } = await forge.importDataset({ name: 'restarted', url: { url: `${webUrl}/slow` } })
    await until('a part of it is here', async () => (await arrived(id)) === 70_000)
    await training.restartTraining()
    await until('it is ready', async () => (await statusOf(id)) === 'READY')
    expect(ranges).toEqual(['bytes=70000-'])
    expect(await readdir(join(training.env.FORGE_DATA, 'blobs', 'incoming'))).toEqual([])
    await until('nothing of it is left', async () => !(await staged()).includes(id))
  }, 30_000)

  it('ends when it is cancelled', async () => {
    await using forge = await connected()
    const { id } = await forge.importDataset({ name: 'unwanted', url: { url: `${webUrl}/slow` } })
    await until('it is at work', async () => (await importers()).length > 0)
    await forge.cancelDatasetImport(id)
    await until('its process has ended', async () => (await importers()).length === 0)
    await until('nothing of it is left', async () => !(await staged()).includes(id))
    expect(await statusOf(id)).toBe('CANCELLED')
  })

  it('is the same for the same key, and a conflict for a name that is taken', async () => {
    await using forge = await connected()
    const input = { name: 'keyed', task: { kind: 'COPY', count: 50 }, idempotencyKey: 'once' }
    const first = await forge.importDataset(input)
    await forge.datasetImported(first.id)
    expect((await forge.importDataset(input)).id).toBe(first.id)
    await expect(forge.importDataset({ ...input, name: 'other' })).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(forge.importDataset({ ...input, idempotencyKey: null })).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(forge.importDataset({ name: 'none' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    const elsewhere = { ...trainer, project: 'other' }
    const { errors } = await training.ask(
      'query ($id: ID!) { datasetImport(id: $id) { id } }',
      { id: first.id },
      elsewhere,
    )
    expect(errors![0]!.extensions.code).toBe('NOT_FOUND')
  })

  it('is refused addresses inside the network, unless the operator trusts them', async () => {
    await using forge = await connected()
    const { port } = new URL(webUrl)
    const inside = await forge.importDataset({ name: 'inside', url: { url: `http://localhost:${port}/whole` } })
    await expect(forge.datasetImported(inside.id)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const sha256 = createHash('sha256').update('all of it').digest('hex')
    const trusted = await forge.importDataset({ name: 'trusted', url: { url: `${webUrl}/whole`, sha256 } })
    expect((await forge.datasetImported(trusted.id)).sizeBytes).toBe(9)
  })
})
