import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** Holds the import rules of .dependency-cruiser.json, and fails too when the checker has looked at almost nothing. */
const rooms = ['kernel', 'engine', 'subgraphs', 'gateway', 'schema', 'client', 'forge', 'bench']
const root = join(import.meta.dirname, '..')
const { stdout, stderr } = spawnSync(
  process.execPath,
  [
    'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
    '--config',
    '.dependency-cruiser.json',
    '--output-type',
    'json',
    ...rooms,
  ],
  { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 },
)

interface Report {
  readonly summary: {
    readonly totalCruised: number
    readonly totalDependenciesCruised: number
    readonly violations: readonly {
      readonly rule: { readonly name: string }
      readonly from: string
      readonly to: string
    }[]
  }
}

if (!stdout) throw new Error(`The dependency checker did not run: ${stderr}`)
const { summary } = JSON.parse(stdout) as Report
for (const { rule, from, to } of summary.violations) console.error(`${rule.name}: ${from} → ${to}`)
if (summary.totalCruised < 100) {
  console.error(`The dependency checker saw only ${summary.totalCruised} modules: it does not read the sources.`)
  process.exitCode = 1
} else if (summary.violations.length > 0) {
  process.exitCode = 1
} else {
  console.log(`${summary.totalCruised} modules and ${summary.totalDependenciesCruised} imports keep the rules`)
}
