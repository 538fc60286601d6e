import { type Benchmark, type Goal, option } from '../benchmark.ts'
import { compareGateways } from '../gateway/comparison.ts'
import { contenders } from '../gateway/contenders.ts'
import { measureOpenLoop } from '../gateway/open-loop.ts'

const sections = [...contenders.map(({ name }) => name), 'open loop']

/**
 * What a request costs this gateway and others, over the same subgraphs; and a steady load through the whole forge.
 * `--only ours,apollo,"open loop"` and `--rounds N` make it shorter.
 */
export const benchmark: Benchmark = async flags => {
  const wanted = option(flags, '--only')?.split(',') ?? sections
  const unknown = wanted.find(name => !sections.includes(name))
  if (unknown !== undefined) throw new Error(`There is no section "${unknown}"; choose from ${sections.join(', ')}`)
  const rounds = Number(option(flags, '--rounds') ?? 5)
  const results: Record<string, string | number>[] = []
  const goals: Goal[] = []

  const chosen = contenders.filter(({ name }) => wanted.includes(name))
  if (chosen.length > 0) {
    const compared = await compareGateways(chosen, rounds)
    results.push(...compared.results)
    goals.push(...compared.goals)
  }
  if (wanted.includes('open loop')) {
    const steady = await measureOpenLoop(rounds)
    results.push(...steady.results)
    goals.push(...steady.goals)
  }
  return { samples: rounds, results, goals }
}
