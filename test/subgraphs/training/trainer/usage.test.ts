import { describe, expect, it } from 'vitest'
import { usageMeter } from '../../../../subgraphs/training/trainer/usage.ts'

describe('the use of the machine', () => {
  it('is looked at once a second: cores kept busy since the last look, and resident memory', () => {
    // Microseconds, as Node counts them.
    const clock = { user: 0, system: 0 }
    const cpuUsage = (since = { user: 0, system: 0 }) => ({
      user: clock.user - since.user,
      system: clock.system - since.system,
    })
    const memoryUsage = Object.assign(() => ({}) as NodeJS.MemoryUsage, { rss: () => 250e6 })
    const usage = usageMeter(0, { cpuUsage, memoryUsage })
    expect(usage.look(999)).toEqual({})
    clock.user = 2_500_000
    clock.system = 500_000
    expect(usage.look(2_000)).toEqual({ cpu_share: 1.5, resident_bytes: 250e6 })
    expect(usage.look(2_500)).toEqual({})
    expect(usage.look(3_000)).toEqual({ cpu_share: 0, resident_bytes: 250e6 })
  })
})
