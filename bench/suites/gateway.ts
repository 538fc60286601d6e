import { benchmarkOf, type Goal } from '../benchmark.ts'
import { compareGateways } from '../gateway/comparison.ts'
import { contenders } from '../gateway/contenders.ts'
import { measureOpenLoop } from '../gateway/open-loop.ts'

const sections = [...contenders.map(({ name }) => name), 'open loop']

export const benchmark = benchmarkOf({
  about:
    'What a request costs this gateway and others, over the same subgraphs; and a steady load through the whole forge.',
  options: { only: sections, rounds: 5 },
  async measure({ only, rounds }) {
    const results: Record<string, string | number>[] = []
    const goals: Goal[] = []

    const chosen = contenders.filter(({ name }) => only.includes(name))
    if (chosen.length > 0) {
      const compared = await compareGateways(chosen, rounds)
      results.push(...compared.results)
      goals.push(...compared.goals)
    }
    if (only.includes('open loop')) {
      const steady = await measureOpenLoop(rounds)
      results.push(...steady.results)
      goals.push(...steady.goals)
    }
    return { samples: rounds, results, goals }
  },
})
