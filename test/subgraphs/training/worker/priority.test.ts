import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { readEnv } from '../../../../kernel/env.ts'
import { trainingPriority } from '../../../../subgraphs/training/worker/priority.ts'

/** Field 41 of proc(5)'s stat is the scheduling policy: 0 is the usual one, 5 SCHED_IDLE. */
const policyUnder = (command: readonly string[]): string => {
  const show = "process.stdout.write(fs.readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ')[38])"
  const [file, ...args] = [...command, process.execPath, '-e', show]
  return spawnSync(file!, args, { encoding: 'utf8' }).stdout
}

describe.runIf(process.platform === 'linux')('the priority of trainings', () => {
  it('is by default to wait for everything else', () => {
    const { command, niceness } = trainingPriority(readEnv({}))
    expect(policyUnder(command)).toBe('5')
    expect(niceness).toBe(19)
  })

  it('is that of all others where a machine is there for trainings', () => {
    const { command, niceness } = trainingPriority({ FORGE_TRAINING_PRIORITY: 'normal' })
    expect(policyUnder(command)).toBe('0')
    expect(niceness).toBe(0)
  })
})
