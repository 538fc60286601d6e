import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import pc from 'picocolors'
import type { Benchmark } from './benchmark.ts'
import { machine, versions } from './machine.ts'

const names = readdirSync(join(import.meta.dirname, 'suites')).map(file => file.replace(/\.ts$/, ''))
const [name, ...flags] = process.argv.slice(2)
if (!name || !names.includes(name)) {
  console.error(`Name a benchmark: npm run bench -- ${names.join('|')} [--json]`)
  process.exit(2)
}

const { benchmark } = (await import(`./suites/${name}.ts`)) as { benchmark: Benchmark }
const { samples, results, goals, notes = [] } = await benchmark(flags)
const report = {
  name,
  machine: machine(),
  versions: versions(),
  samples,
  results,
  goals: goals.map(goal => ({ ...goal, met: goal.atMost ? goal.value <= goal.goal : goal.value >= goal.goal })),
  notes,
}
if (flags.includes('--json')) {
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
} else {
  console.log(`${pc.bold(name)} ${pc.dim(`${samples} samples, ${report.machine.cpu}, ${report.machine.cores} cores`)}`)
  console.table(results)
  for (const { name: what, goal, value, met, unit, atMost } of report.goals) {
    console.log(
      `${met ? pc.green('✓') : pc.red('✗')} ${what}: ${value} ${unit} (goal: ${atMost ? 'at most' : 'at least'} ${goal})`,
    )
  }
  for (const note of notes) console.log(note)
}
