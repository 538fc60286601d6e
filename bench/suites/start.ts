import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { benchmarkOf, median } from '../benchmark.ts'

const warmStarts = 5
const port = 4100
const url = `http://127.0.0.1:${port}/graphql`

/** From training and models: a job, and the version that became of it. */
const joinQuery = '{ jobs(first: 1) { edges { node { id status output { number digest } } } } }'
const tinyJob = `mutation { startCognate(input: { modelName: "bench", steps: 4, batch: 2, context: 32, checkpointEvery: 4,
  sizes: { vocabulary: 320, width: 32, layers: 1, heads: 1, keyValueHeads: 1, feedForward: 64 } }) { id } }`

export const benchmark = benchmarkOf({
  about:
    'Time from `npm start` to the first answered, authenticated query that joins two subgraphs, and the memory then.',
  options: {},
  async measure() {
    const data = mkdtempSync(join(tmpdir(), 'forge-bench-'))
    try {
      const cold = await measureStart(data, async () => {
        await ask(data, tinyJob)
        await until(async () => (await ask(data, joinQuery)).jobs.edges[0]?.node.output != null, 120)
      })
      const warm = []
      for (let sample = 0; sample < warmStarts; sample += 1) warm.push(await measureStart(data))
      const seconds = median(warm.map(start => start.seconds))
      return {
        samples: warmStarts,
        results: [
          { folder: 'empty', seconds: cold.seconds, residentMegabytes: cold.residentMegabytes },
          ...warm.map(start => ({ folder: 'warm', ...start })),
        ],
        goals: [{ name: 'median start with a warm folder', goal: 5, value: seconds, unit: 's', atMost: true }],
      }
    } finally {
      rmSync(data, { recursive: true, force: true })
    }
  },
})

async function measureStart(data: string, then?: () => Promise<void>) {
  const began = performance.now()
  const forge = spawn('npm', ['start', '--silent'], {
    env: { ...process.env, FORGE_DATA: data, PORT: String(port), FORGE_LOG: 'error' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  try {
    await until(() => ask(data, joinQuery).then(() => true), 120)
    const seconds = round((performance.now() - began) / 1000)
    const residentMegabytes = round(residentBytes(forge.pid!) / 1e6)
    await then?.()
    return { seconds, residentMegabytes }
  } finally {
    await stop(forge)
  }
}

async function ask(data: string, query: string) {
  const key = readFileSync(join(data, 'admin-key'), 'utf8').trim()
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query }),
  })
  const { data: answer, errors } = (await response.json()) as { data: never; errors?: { message: string }[] }
  if (errors) throw new Error(errors.map(error => error.message).join('; '))
  return answer as { jobs: { edges: { node: { output: object | null } }[] } }
}

/** Asks again every 20 ms, also while nothing serves yet; gives up with the last failure after `seconds`. */
async function until(holds: () => Promise<boolean>, seconds: number): Promise<void> {
  const deadline = performance.now() + seconds * 1000
  for (;;) {
    const failure = await holds().then(
      yes => (yes ? null : new Error('The condition did not come true')),
      (error: Error) => error,
    )
    if (!failure) return
    if (performance.now() > deadline) throw failure
    await pause(20)
  }
}

async function stop(forge: ChildProcess): Promise<void> {
  if (forge.exitCode !== null) return
  const exit = once(forge, 'exit')
  // npm passes no signal through the shell that it starts; the forge itself ends what it began, and then npm ends.
  const [server] = descendants(forge.pid!).filter(
    child => child.command.includes('forge/main.ts') && !child.command.includes('setup'),
  )
  process.kill(server!.pid, 'SIGTERM')
  await exit
}

/** Resident memory of a process and of all below it; pages that they share are counted once for each. */
const residentBytes = (pid: number): number => descendants(pid).reduce((sum, child) => sum + child.bytes, 0)

interface Descendant {
  readonly pid: number
  readonly bytes: number
  readonly command: string
}

function descendants(root: number): Descendant[] {
  const rows = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,rss=,args='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(row => row.trim().split(/\s+/))
    .map(([pid, parent, kib, ...command]) => ({
      pid: Number(pid),
      parent: Number(parent),
      bytes: Number(kib) * 1024,
      command: command.join(' '),
    }))
  const below = (parent: number): Descendant[] =>
    rows.filter(row => row.parent === parent).flatMap(row => [row, ...below(row.pid)])
  return below(root)
}

const round = (value: number): number => Math.round(value * 100) / 100
