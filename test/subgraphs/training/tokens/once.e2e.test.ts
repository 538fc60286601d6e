import { fork } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openFileBlobs } from '../../../../kernel/blobs/files.ts'
import { storeDocuments } from '../../../../subgraphs/training/documents/content.ts'
import { wholeDocument } from '../../../../subgraphs/training/documents/piece.ts'
import { learnedTokenizer, openTokens } from '../../../../subgraphs/training/tokens/tokenizing.ts'
import { until } from '../../../support/condition.ts'
import { scratchCache, tokenParts } from '../token-cache.ts'
import type { FromProcess, ToProcess } from './tokenizing-process.ts'

/** A dataset in a store, and processes that tokenize it into one folder. */
async function machine() {
  const folder = await mkdtemp(join(tmpdir(), 'forge-once-'))
  const [blobs, tokens] = [join(folder, 'blobs'), join(folder, 'tokens')]
  async function* pieces() {
    for (let first = 0; first < 20_000; first += 500) {
      yield Array.from({ length: 500 }, (_, index) => wholeDocument(`The ${first + index} waves of a sea.\n`.repeat(2)))
    }
  }
  const { blob } = await storeDocuments(await openFileBlobs(blobs), pieces())
  await using opening = new AsyncDisposableStack()
  opening.defer(() => rm(folder, { recursive: true, force: true }))

  const open = opening.move()
  const start = async ({ starves = false } = {}) => {
    const child = fork(join(import.meta.dirname, 'tokenizing-process.ts'), { execArgv: [] })
    const exit = new Promise(resolve => child.once('exit', resolve))
    open.defer(async () => {
      child.kill('SIGKILL')
      await exit
    })
    const said: FromProcess[] = []
    child.on('message', (message: FromProcess) => said.push(message))
    const tell = (message: ToProcess) => void child.send(message)
    await until('the process is there', () => said.length > 0)
    return {
      begin: () => tell({ kind: 'begin', blobs, tokens, digest: blob.digest, starves }),
      stop: () => tell({ kind: 'stop' }),
      async kill() {
        child.kill('SIGKILL')
        await exit
      },
      /** How often it has begun to read all of the content. */
      reads: () => said.filter(({ kind }) => kind === 'reads').length,
      told: () => said.flatMap(message => (message.kind === 'told' ? [message.text] : [])),
      async ids() {
        await until('the tokens', () => said.at(-1)?.kind === 'done')
        const last = said.at(-1)!
        return last.kind === 'done' ? last.ids : null
      },
    }
  }
  return {
    start,
    /** What a single process makes of the dataset. */
    async expected() {
      const parts = tokenParts(await openFileBlobs(blobs), scratchCache())
      const tokenizer = (await learnedTokenizer(parts, blob.digest, 300))!
      using stored = (await openTokens(parts, blob.digest, tokenizer))!
      return [stored.training, stored.validation].flatMap(all => Array.from(all.subarray(0, all.length)))
    },
    files: async () => (await readdir(tokens)).map(name => name.replace(/^[0-9a-f]{64}/, '')).toSorted(),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

it('processes that begin together learn and tokenize once, and all have the tokens', async () => {
  await using house = await machine()
  const processes = await Promise.all(Array.from({ length: 4 }, () => house.start()))
  for (const { begin } of processes) begin()
  const ids = await Promise.all(processes.map(one => one.ids()))
  const expected = await house.expected()
  for (const one of ids) expect(one).toEqual(expected)
  expect(processes.reduce((sum, one) => sum + one.reads(), 0)).toBe(2)
  expect(await house.files()).toEqual(['.tokenizer.json', '.tokens'])
})

/** Two processes, of which the first has its turn and does not come to its end, and the second waits. */
async function oneBehindTheOther({ start }: Awaited<ReturnType<typeof machine>>) {
  const [first, second] = [await start({ starves: true }), await start()]
  first.begin()
  await until('the first process reads', () => first.reads() === 1)
  second.begin()
  await until('the second process waits', () => second.told().length > 0)
  return [first, second] as const
}

it('a process that is killed in its turn is followed by one that waits, which says so', async () => {
  await using house = await machine()
  const [first, second] = await oneBehindTheOther(house)
  expect(second.told()[0]).toMatch(/^waiting for another training, which is learning the tokenizer .*: \d+ %$/)
  expect(second.reads()).toBe(0)

  await first.kill()
  expect(await second.ids()).toEqual(await house.expected())
  expect(second.reads()).toBe(2)
})

it('a process that waits ends when it should', async () => {
  await using house = await machine()
  const [, second] = await oneBehindTheOther(house)
  second.stop()
  expect(await second.ids()).toBeNull()
  expect(second.reads()).toBe(0)
})
