import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import pc from 'picocolors'

/** Everything that can be said about the sources without running them; `npm run check`. */
const checks: readonly { readonly name: string; readonly command: readonly string[] }[] = [
  { name: 'types', command: ['node_modules/typescript/bin/tsc', '--noEmit'] },
  {
    name: 'lint and format',
    command: ['node_modules/@biomejs/biome/bin/biome', 'check', '--diagnostic-level=warn', '--error-on-warnings', '.'],
  },
  { name: 'lock file', command: ['forge/check-lock.ts'] },
  { name: 'imports', command: ['forge/check-imports.ts'] },
  { name: 'unused code', command: ['node_modules/knip/bin/knip.js'] },
  { name: 'schema drift', command: ['codegen.ts', '--check'] },
  { name: 'database drift', command: ['prisma/drift.ts'] },
  { name: 'contracts', command: ['forge/check-contracts.ts'] },
]

const root = join(import.meta.dirname, '..')
let failed = 0
for (const { name, command } of checks) {
  const began = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  const seconds = `${((performance.now() - began) / 1000).toFixed(1)} s`
  console.log(`${status === 0 ? pc.green('✓') : pc.red('✗')} ${name} ${pc.dim(seconds)}`)
  if (status === 0) continue
  failed += 1
  process.stdout.write(stdout)
  process.stderr.write(stderr)
}
console.log(failed === 0 ? 'All checks pass.' : `${failed} of ${checks.length} checks fail.`)
process.exitCode = failed === 0 ? 0 : 1
