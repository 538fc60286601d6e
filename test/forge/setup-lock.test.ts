import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { root } from '../support/processes.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forge-setup-'))
})
afterEach(() => rm(folder, { recursive: true }))

const begin = (script: string) => spawn(process.execPath, ['--input-type=module', '--eval', script], { cwd: folder })

/** Holds the lock for a moment, and writes down when it comes and goes. */
const worker = () => `
  import { appendFileSync } from 'node:fs'
  import { releaseLock, takeLock } from ${JSON.stringify(join(root, 'forge/setup-lock.mjs'))}
  takeLock('lock', () => {})
  appendFileSync('log', 'in ' + process.pid + '\\n')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
  appendFileSync('log', 'out ' + process.pid + '\\n')
  releaseLock('lock')`

describe('the lock of the setup', () => {
  it.each([
    ['nobody held it', undefined],
    ['its owner is dead', async () => String(await deadPid())],
    ['its owner died before it wrote its pid', async () => ''],
  ])('lets in one after the other, where %s', async (_, left) => {
    if (left) await writeFile(join(folder, 'lock'), await left())
    const workers = Array.from({ length: 8 }, () => begin(worker()))
    await Promise.all(workers.map(child => once(child, 'exit')))
    const lines = (await readFile(join(folder, 'log'), 'utf8')).trim().split('\n')
    expect(lines).toHaveLength(16)
    for (let index = 0; index < lines.length; index += 2) {
      expect([lines[index]!.split(' ')[0], lines[index + 1]]).toEqual(['in', lines[index]!.replace('in', 'out')])
    }
    expect(await readdir(folder)).toEqual(['log'])
  })

  it('is waited for as long as its owner lives, and the wait is told', async () => {
    await writeFile(join(folder, 'lock'), String(process.pid))
    const child = begin(worker().replace('() => {}', 'console.log'))
    const [told] = await once(child.stdout.setEncoding('utf8'), 'data')
    expect(told).toContain(`Waiting for process ${process.pid}`)
    expect(existsSync(join(folder, 'log'))).toBe(false)
    const exit = once(child, 'exit')
    await rm(join(folder, 'lock'))
    expect((await exit)[0]).toBe(0)
  })
})

async function deadPid(): Promise<number> {
  const child = begin('')
  await once(child, 'exit')
  return child.pid!
}
