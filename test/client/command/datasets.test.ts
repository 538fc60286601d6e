import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startEventServer } from '../event-server.ts'
import { command } from './screen.ts'

let server: Awaited<ReturnType<typeof startEventServer>>
let asked: object[]
beforeEach(async () => {
  server = await startEventServer('trainingProgress')
  asked = []
})
afterEach(() => server[Symbol.asyncDispose]())

const forge = (...words: string[]) => command(server.url, ...words)
const dataset = {
  id: 'ds_1',
  name: 'sea',
  project: 'default',
  builtIn: false,
  digest: 'sha256:ab',
  sizeBytes: 120,
  characters: 100,
  documents: 6,
  createdAt: '2026-01-31T12:00:00.000Z',
}
const made = {
  id: 'imp_1',
  name: 'sea',
  project: 'default',
  status: 'IMPORTING',
  source: {},
  progress: 0.25,
  bytesRead: 30,
  documents: 1,
  notes: ['"a/loop" is a link to a folder, and was not followed.'],
  error: null,
  createdAt: '2026-01-31T12:00:00.000Z',
  finishedAt: null,
  dataset: null,
}
/** Answers the beginning, and then one state after the other. */
const imports = (...states: object[]) =>
  server.answers(({ variables }) => {
    if (variables.input) asked.push(variables.input as object)
    const now = { ...made, ...(variables.input ? {} : states.length > 1 ? states.shift() : states[0]) }
    return { data: variables.input ? { importDataset: now } : { datasetImport: now } }
  })

describe('datasets import', () => {
  it('makes the input of its options, waits for the end, and says what was passed over', async () => {
    imports({}, { status: 'READY', progress: 1, dataset })
    const { status, lines } = await forge('datasets', 'import', 'sea', '--files', 'sea/*', '!x', '--unit', 'line')
    expect(asked).toEqual([{ name: 'sea', unit: 'LINE', files: { paths: ['sea/*', '!x'], gitignore: true } }])
    expect([status, lines]).toEqual([0, [made.notes[0], 'sea (ds_1): 6 documents, 120 B, sha256:ab']])
  })

  it('counts one document as one', async () => {
    imports({ status: 'READY', progress: 1, dataset: { ...dataset, documents: 1 } })
    const { lines } = await forge('datasets', 'import', 'sea', '--files', 'sea.txt')
    expect(lines.at(-1)).toBe('sea (ds_1): 1 document, 120 B, sha256:ab')
  })

  it('is the dataset for machines, and the import where nobody waits', async () => {
    imports({ status: 'READY', dataset })
    const words = ['datasets', 'import', 'sea', '--hub', 'a/b', '--hub-files', '*.txt', '--json']
    expect(JSON.parse((await forge(...words)).stdout)).toEqual(dataset)
    expect(JSON.parse((await forge(...words, '--no-wait')).stdout)).toMatchObject({ id: 'imp_1', status: 'IMPORTING' })
    expect(asked[0]).toEqual({ name: 'sea', hub: { id: 'a/b', revision: 'main', files: ['*.txt'] } })
  })

  it('ends with the error of the import', async () => {
    imports({ status: 'FAILED', error: { code: 'INVALID_INPUT', message: 'Line 2 of "x" is no JSON.' } })
    const { status, stderr } = await forge('datasets', 'import', 'sea', '--task', '{"kind": "COPY"}')
    expect([status, stderr]).toEqual([1, 'INVALID_INPUT: Line 2 of "x" is no JSON.\n'])
  })
})

describe('datasets show', () => {
  it('has the facts, and how some documents begin', async () => {
    const samples = [{ document: 3, text: 'Call me Ishmael.', bytes: 16 }]
    server.answers(() => ({
      data: { dataset: { ...dataset, shortestBytes: 16, longestBytes: 40, source: null, tokens: null, samples } },
    }))
    const { stdout } = await forge('datasets', 'show', 'ds_1')
    expect(stdout).toMatch(/document sizes +16 B to 40 B, 20 B on average/)
    expect(stdout).toContain('── document 3\nCall me Ishmael.')
  })
})
