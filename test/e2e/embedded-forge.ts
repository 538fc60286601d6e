import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, freePort, processesNaming, type Started, start } from '../support/processes.ts'
import type { RunningForge } from './running-forge.ts'

export interface EmbeddedForge extends RunningForge {
  readonly data: string
  readonly process: Started
}

/** `npm start` without npm: the whole forge in one process, on an empty data folder. */
export async function embeddedForge(variables: Readonly<Record<string, string>> = {}): Promise<EmbeddedForge> {
  const data = mkdtempSync(join(tmpdir(), 'forge-e2e-'))
  // As root, PostgreSQL runs as `nobody`, who must be able to enter.
  chmodSync(data, 0o755)
  const port = String(await freePort())
  const launch = () =>
    start(['node', 'forge/main.ts'], {
      FORGE_DATA: data,
      PORT: port,
      FORGE_LOG: 'warn',
      FORGE_THREADS: '1',
      ...variables,
    })
  // Whatever fails on the way leaves no process behind.
  await using opening = new AsyncDisposableStack()
  opening.defer(async () => {
    if (running.child.exitCode === null && running.child.signalCode === null) await running[Symbol.asyncDispose]()
    await eventually(() => processesNaming(data).length === 0, `no process of ${data} left`, 20)
    rmSync(data, { recursive: true, force: true })
  })
  let running = launch()
  const url = `http://127.0.0.1:${port}`
  await serving(url, running)

  const open = opening.move()
  return {
    data,
    url,
    get process() {
      return running
    },
    adminKey: readFileSync(join(data, 'admin-key'), 'utf8').trim(),
    async crash() {
      running.child.kill('SIGKILL')
      await running.exit
    },
    async restart() {
      running = launch()
      await serving(url, running)
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

/** Resolves once GET /health answers 200; fails with the process's output when it ends before. */
export async function serving(url: string, { child, output }: Started, fetch = globalThis.fetch): Promise<void> {
  await eventually(
    async () => {
      if (child.exitCode !== null) throw new Error(`The process ended with ${child.exitCode}:\n${output()}`)
      return fetch(`${url}/health`)
        .then(response => response.ok)
        .catch(() => false)
    },
    `${url}/health answers`,
    60,
  )
}
