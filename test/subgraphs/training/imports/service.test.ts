import { beforeEach, describe, expect, it } from 'vitest'
import { cancelImport, importDataset, listImports } from '../../../../subgraphs/training/imports/service.ts'
import { identityOf, trainingInMemory } from '../memory.ts'
import { newDataset } from '../stores.ts'

const identity = identityOf()
let memory: ReturnType<typeof trainingInMemory>
beforeEach(() => {
  memory = trainingInMemory()
})
const begin = (settings: object, change: object = {}) =>
  importDataset(memory.parts, identity, { name: 'mine', settings, ...change })
const copies = { task: { kind: 'COPY' } }

describe('importDataset', () => {
  it('fills in every default, so that the source says how it was read', async () => {
    expect(await begin(copies)).toMatchObject({
      status: 'IMPORTING',
      project: 'default',
      source: {
        from: { kind: 'TASK', task: { kind: 'COPY', count: 10_000, seed: 42, shortest: 1, longest: 12 } },
        reading: { format: null, unit: 'FILE', field: null, template: 'PLAIN' },
      },
    })
  })

  it.each<[string, object, string]>([
    ['no source', {}, 'none was given'],
    ['two sources', { ...copies, files: { paths: ['a'] } }, 'files and task'],
    ['no path', { files: { paths: [] } }, 'files.paths'],
    ['a composite prime', { task: { kind: 'MODULAR_ARITHMETIC', prime: 97.5 } }, 'prime'],
    ['an unknown task', { task: { kind: 'CHESS' } }, 'task'],
    ['a URL of another kind', { url: { url: 'file:///etc/passwd' } }, 'file:///etc/passwd'],
    ['a checksum that is none', { url: { url: 'https://example.org', sha256: 'abc' } }, 'url.sha256'],
    ['a hub id that leads elsewhere', { hub: { id: '../../x' } }, 'hub.id'],
    ['a template that is no Jinja', { ...copies, template: '{% for' }, 'template'],
  ])('refuses %s', async (_what, settings, message) => {
    await expect(begin(settings)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining(message),
    })
    expect(memory.imports).toEqual([])
  })

  it('refuses a name that is taken, or being made', async () => {
    memory.datasets.push(newDataset({ name: 'mine' }))
    await expect(begin(copies)).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('"mine"') })
    await begin(copies, { name: 'other' })
    await expect(begin(copies, { name: 'other' })).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('takes only uploads of its project, and only whole ones', async () => {
    const upload = { id: 'up_1', fileName: 'x.txt', sizeBytes: 10, receivedBytes: 10 }
    memory.uploads.push({ ...upload, project: 'default' }, { ...upload, id: 'up_2', project: 'other' })
    memory.uploads.push({ ...upload, id: 'up_3', project: 'default', receivedBytes: 4 })
    expect(await begin({ upload: { id: 'up_1' } })).toMatchObject({
      source: { from: { kind: 'UPLOAD', sha256: null } },
    })
    await expect(begin({ upload: { id: 'up_2' } }, { name: 'b' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(begin({ upload: { id: 'up_3' } }, { name: 'c' })).rejects.toMatchObject({
      message: expect.stringContaining('4 of its 10 bytes'),
    })
  })
})

describe('an import', () => {
  it('is seen and ended by its project only', async () => {
    const { id } = await begin(copies)
    const page = { limit: 20, inverted: false }
    expect(await listImports(memory.parts, identityOf('other'), null, page)).toEqual([])
    await expect(cancelImport(memory.parts, identityOf('other'), id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await cancelImport(memory.parts, identity, id)).toMatchObject({ status: 'CANCELLED' })
    await expect(cancelImport(memory.parts, identity, id)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect((await listImports(memory.parts, identity, ['CANCELLED'], page)).map(found => found.id)).toEqual([id])
  })
})
