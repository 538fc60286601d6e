import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { eventually, isRunning, root } from './processes.ts'

const support = join(root, 'test/support/processes.ts')

it.each([
  ['ends by itself', 'process.exit()', () => {}],
  ['is ended by the runner, as after a hook that took too long', '', (test: ChildProcess) => test.kill()],
])('a process that a test has not disposed of ends when the test process %s', async (_how, last, end) => {
  const source = `import { start } from ${JSON.stringify(support)}
    console.log(start(['sleep', '600'], {}).child.pid)
    ${last}`
  const test = spawn(process.execPath, ['--input-type=module', '--eval', source])
  const [printed] = await once(test.stdout, 'data')
  const pid = Number(printed)
  expect(pid).toBeGreaterThan(1)
  end(test)
  await eventually(() => !isRunning(pid), `process ${pid} has ended`)
})
