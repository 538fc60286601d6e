import { spawn } from 'node:child_process'
import { access, open, readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { ClusterHome } from './cluster-home.ts'

export interface Postmaster {
  readonly pid: number
  readonly port: number
}

/** What `postmaster.pid` says: line 1 is the process, line 4 the port. A killed server leaves the file behind. */
export async function readPostmaster(data: string): Promise<Postmaster | undefined> {
  const text = await readFile(`${data}/postmaster.pid`, 'utf8').catch(() => '')
  const [pid, , , port] = text.split('\n').map(Number)
  return pid && port && isAlive(pid) ? { pid, port } : undefined
}

/** Whether the server ended in order, which removes its file; one that was killed, or is still there, has it. */
export const wasStopped = (data: string): Promise<boolean> =>
  access(`${data}/postmaster.pid`).then(
    () => false,
    () => true,
  )

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // Every service keeps a pool, and each of several processes has its own.
  max_connections: 200,
  timezone: 'UTC',
  log_timezone: 'UTC',
}

/**
 * Starts the server in a session of its own, so that Ctrl-C reaches the forge first and the server stops after its
 * clients. Returns how to see that it has ended. Its log goes to `logFile`.
 */
export async function spawnServer(home: ClusterHome, port: number, logFile: string): Promise<{ ended(): boolean }> {
  const options = Object.entries({ ...settings, port }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const log = await open(logFile, 'a', 0o600)
  try {
    const child = spawn(home.binaries.postgres, ['-D', home.data, ...options], {
      ...home.user,
      cwd: '/',
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { LC_ALL: 'C' },
    })
    child.on('error', error => log.write(`${error.message}\n`).catch(() => {}))
    child.unref()
    return { ended: () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined }
  } finally {
    await log.close()
  }
}

/** Stops without waiting for clients, and forcibly when it has not ended after 20 s; either way nothing is lost. */
export async function stopServer(data: string): Promise<void> {
  const running = await readPostmaster(data)
  if (!running) return
  for (const [signal, patienceMs] of [
    ['SIGINT', 20_000],
    ['SIGQUIT', 5_000],
  ] as const) {
    process.kill(running.pid, signal)
    const deadline = Date.now() + patienceMs
    // The file is the condition, not the process: one that nobody reaps stays visible after its end.
    while (Date.now() < deadline) {
      if ((await readPostmaster(data))?.pid !== running.pid) return
      await delay(10)
    }
  }
  throw new Error(`PostgreSQL (process ${running.pid}) did not stop`)
}

/** `preferred` when nobody listens there, so that clients of a restarted server find it again; else any free port. */
export async function freePort(preferred: number | undefined): Promise<number> {
  return (preferred && (await tryListen(preferred))) || (await tryListen(0))!
}

async function tryListen(port: number): Promise<number | undefined> {
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<number | undefined>()
  server.once('error', () => resolve(undefined))
  server.listen(port, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resolve(port))
  })
  return promise
}
