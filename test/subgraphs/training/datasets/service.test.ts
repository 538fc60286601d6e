import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { openFileBlobs } from '../../../../kernel/blobs/files.ts'
import { startCognate } from '../../../../subgraphs/training/cognate/service.ts'
import {
  chosenDataset,
  createDataset,
  deleteDataset,
  digestOfText,
  listDatasets,
  registerBuiltIn,
} from '../../../../subgraphs/training/datasets/service.ts'
import { identityOf, trainingInMemory } from '../memory.ts'

const identity = identityOf()
let memory: ReturnType<typeof trainingInMemory>
beforeEach(() => {
  memory = trainingInMemory()
})
const create = (input: object) => createDataset(memory.parts, identity, { name: 'mine', ...input })
const fromFile = (...chunks: Uint8Array[]) => {
  memory.parts.datasetFiles.open = async () => Readable.from(chunks)
  return create({ path: 'mine.txt' })
}

describe('createDataset', () => {
  it('counts code points and bytes', async () => {
    expect(await create({ text: 'Grüße 🌊' })).toMatchObject({ characters: 7, sizeBytes: 12, project: 'default' })
  })

  it('counts a character that two chunks of a file share', async () => {
    const bytes = Buffer.from('ü🌊')
    const dataset = await fromFile(bytes.subarray(0, 1), bytes.subarray(1, 4), bytes.subarray(4))
    expect(dataset).toMatchObject({ characters: 2, sizeBytes: 6 })
  })

  it.each<[string, () => Promise<unknown>, string]>([
    ['no text', () => create({ text: '' }), '"mine" is empty'],
    ['bytes that are not UTF-8', () => fromFile(Buffer.from([0x41, 0xff, 0x42])), 'not UTF-8'],
    ['a file that ends inside a character', () => fromFile(Buffer.from([0x41, 0xc3])), 'not UTF-8'],
    ['neither text nor path', () => create({}), 'either'],
    ['a name with a space', () => create({ name: 'my text', text: 'x' }), 'my text'],
    ['a text beyond the limit of a request', () => create({ text: 'x'.repeat(5 << 20) }), '5242880'],
  ])('refuses %s', async (_what, make, message) => {
    await expect(make()).rejects.toMatchObject({ code: 'INVALID_INPUT', message: expect.stringContaining(message) })
    expect(memory.datasets).toEqual([])
  })

  it('is the same dataset for the same content, and a conflict for other content under its name', async () => {
    const first = await create({ text: 'one' })
    expect((await create({ text: 'one' })).id).toBe(first.id)
    await expect(create({ text: 'two' })).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('leaves nothing in the store of what is refused: no part of it, or bytes that are given up', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'forge-refused-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    memory.parts = { ...memory.parts, blobs: await openFileBlobs(folder) }
    await expect(fromFile(Buffer.alloc(100_000, 'a'), Buffer.from([0xff]))).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    expect(await readdir(folder, { recursive: true })).toEqual(['incoming'])

    await create({ text: 'one' })
    expect(memory.dropped).toEqual([])
    await expect(create({ text: 'two' })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(memory.dropped).toEqual([digestOfText('two')])
  })

  it('is a conflict when an idempotency key is used for something else', async () => {
    await create({ text: 'one', idempotencyKey: 'k' })
    await expect(create({ name: 'other', text: 'one', idempotencyKey: 'k' })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('"k"'),
    })
  })

  it('does not hide a dataset that comes with the forge', async () => {
    await registerBuiltIn(memory.parts, 'moby-dick', () => 'Call me Ishmael.')
    await expect(create({ name: 'moby-dick', text: 'x' })).rejects.toMatchObject({ code: 'CONFLICT' })
  })
})

describe('a dataset', () => {
  it('is found by its id, and by its name in the project that is meant, as jobs find it', async () => {
    const { id } = await create({ text: 'one' })
    await registerBuiltIn(memory.parts, 'moby-dick', () => 'Call me Ishmael.')
    const found = (ref: string, project = 'default', named?: string) =>
      chosenDataset(memory.parts, identityOf(project), ref, named)
    for (const ref of [id, 'mine']) expect(await found(ref)).toMatchObject({ id })
    expect(await found('mine', '*')).toMatchObject({ id })
    expect(await found(id, '*', 'other')).toMatchObject({ id })
    expect(await found('moby-dick', 'other')).toMatchObject({ project: '*' })
    for (const unknown of [found('mine', 'other'), found(id, 'other'), found('mine', '*', 'other'), found('No Name')])
      await expect(unknown).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(found('mine', 'other', 'default')).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })
})

describe('deleteDataset', () => {
  it('forgets what nothing depends on', async () => {
    const { id } = await create({ text: 'one' })
    await deleteDataset(memory.parts, identity, id)
    expect(memory.datasets).toEqual([])
    expect(memory.dropped).toEqual([digestOfText('one')])
  })

  it('keeps what a job was trained on, and what comes with the forge', async () => {
    const { id } = await create({ text: 'some words '.repeat(3_000) })
    await startCognate(memory.parts, identity, { dataset: id, settings: {} })
    await expect(deleteDataset(memory.parts, identity, id)).rejects.toMatchObject({ code: 'CONFLICT' })

    await registerBuiltIn(memory.parts, 'moby-dick', () => 'Call me Ishmael.')
    const [builtIn] = memory.datasets.filter(({ project }) => project === '*')
    await expect(deleteDataset(memory.parts, identityOf('*'), builtIn!.id)).rejects.toMatchObject({ code: 'CONFLICT' })
  })
})

describe('listDatasets', () => {
  it('shows the own and those that come with the forge', async () => {
    await registerBuiltIn(memory.parts, 'moby-dick', () => 'Call me Ishmael.')
    await create({ text: 'one' })
    const page = { limit: 20, inverted: false }
    expect((await listDatasets(memory.parts, identity, page)).map(({ name }) => name)).toEqual(['mine', 'moby-dick'])
    expect((await listDatasets(memory.parts, identityOf('other'), page)).map(({ name }) => name)).toEqual(['moby-dick'])
  })
})
