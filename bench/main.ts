import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import pc from 'picocolors'
import type { Benchmark } from './benchmark.ts'
import { machine, versions } from './machine.ts'
import { readOptions, shown, UsageError } from './options.ts'

const names = readdirSync(join(import.meta.dirname, 'suites')).map(file => file.replace(/\.ts$/, ''))
const isHelp = (flag: string): boolean => flag === '--help' || flag === '-h'
const load = async (name: string) => (await import(`./suites/${name}.ts`)) as { benchmark: Benchmark }

const [name = '--help', ...flags] = process.argv.slice(2)
if (isHelp(name)) {
  console.log('npm run bench -- NAME [OPTIONS] [--json] runs one of these; NAME --help tells its options.\n')
  for (const name of names) console.log(`${pc.bold(name)}  ${(await load(name)).benchmark.about}`)
  process.exit()
}
if (!names.includes(name)) refuse(`There is no benchmark "${name}": choose from ${names.join(', ')}.`)

const { benchmark } = await load(name)
if (flags.some(isHelp)) {
  const usual = Object.keys(benchmark.options).map(option => `[${shown(option, benchmark.options)}]`)
  console.log(`npm run bench -- ${[name, ...usual, '[--json]'].join(' ')}\n\n${benchmark.about}`)
  process.exit()
}
const isJson = flags.includes('--json')
const { samples, results, goals, notes = [] } = await benchmark.measure(given())
const report = {
  name,
  machine: machine(),
  versions: versions(),
  samples,
  results,
  goals: goals.map(goal => ({ ...goal, met: goal.atMost ? goal.value <= goal.goal : goal.value >= goal.goal })),
  notes,
}
if (isJson) {
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

function given() {
  try {
    return readOptions(
      name,
      benchmark.options,
      flags.filter(flag => flag !== '--json'),
    )
  } catch (error) {
    if (error instanceof UsageError) return refuse(error.message)
    throw error
  }
}

function refuse(message: string): never {
  console.error(message)
  process.exit(2)
}
