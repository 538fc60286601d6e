import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

export interface Running extends AsyncDisposable {
  readonly pid: number
  readonly child: ChildProcess
}

/** A Node process of this Node; its output is silent unless it is asked for. */
export function run(
  args: readonly string[],
  { cwd, env, output }: { cwd?: string; env?: Record<string, string>; output?: 'pipe' } = {},
): Running {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', output ?? 'ignore', 'inherit'],
  })
  return {
    child,
    pid: child.pid!,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      const force = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await exit
      clearTimeout(force)
    },
  }
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** User and system time of a process and all its threads so far, in ms. Linux. */
export const cpuMilliseconds = (pid: number): number => timeOf(pid, 2)

/** The same, with the time of those it started: of those that live, and of those whose end it has seen. */
export const familyMilliseconds = (pid: number): number =>
  childrenOf(pid).reduce((sum, child) => sum + timeOf(child, 2), timeOf(pid, 4))

/** The first two counts are its own, the next two those of children that have ended (proc(5), `utime` to `cstime`). */
function timeOf(pid: number, counts: 2 | 4): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const times = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 11 + counts)
  return (times.reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond) * 1000
}

const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

export function residentMegabytes(pid: number): number {
  const pages = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Math.round(Number(pages?.[1]) / 1000)
}

/** Asks until `url` answers a GraphQL request; gives up when the process that should has ended, or after three minutes. */
export const answering = (url: string, headers: Record<string, string> = {}, running?: Running): Promise<void> =>
  untilOk(
    url,
    { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{"query":"{ __typename }"}' },
    running,
  )

/** Asks until the service at `origin` says that it can serve. */
export const healthy = (origin: string, running: Running): Promise<void> => untilOk(`${origin}/health`, {}, running)

async function untilOk(url: string, request: RequestInit, running: Running | undefined): Promise<void> {
  const deadline = performance.now() + 180_000
  const hasEnded = () => typeof running?.child.exitCode === 'number'
  while (!hasEnded() && performance.now() < deadline) {
    const answered = await fetch(url, request).then(
      ({ ok }) => ok,
      // Nobody listens yet.
      () => false,
    )
    if (answered) return
    await pause(100)
  }
  throw new Error(`Nothing answers at ${url}${hasEnded() ? `: its process ended with ${running?.child.exitCode}` : ''}`)
}
