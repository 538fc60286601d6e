/** What a process takes of its machine. */
export interface Usage {
  /** Cores that it kept busy on the average: 1 is one core. */
  readonly cpu_share: number
  readonly resident_bytes: number
}

/** Between two looks, in milliseconds. */
const everyMs = 1_000

/** A look at the own process at most once a second, else nothing; `at` in milliseconds. */
export function usageMeter(at: number, { cpuUsage, memoryUsage }: Pick<NodeJS.Process, 'cpuUsage' | 'memoryUsage'>) {
  let lookedAt = at
  let used = cpuUsage()
  return {
    look(at: number): Usage | Record<string, never> {
      if (at - lookedAt < everyMs) return {}
      const { user, system } = cpuUsage(used)
      const share = (user + system) / 1000 / (at - lookedAt)
      used = cpuUsage()
      lookedAt = at
      return { cpu_share: share, resident_bytes: memoryUsage.rss() }
    },
  }
}
