// Runs on whatever Node the machine has (20 or later), before anything is installed: no dependencies, no TypeScript.
// `node forge/setup.mjs FILE ARGUMENTS…` installs and generates what is missing, then runs FILE on the forge's own Node.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..')
const modules = join(root, 'node_modules')
const node = join(modules, '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')
const stamp = join(modules, '.forge-installed')

if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(`Agent Forge needs Node 20 or later to install itself, but this is ${process.version}: install a newer Node.`)
}

const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex')
if (!existsSync(node) || !existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  console.error('Installing packages: about two minutes the first time …')
  run(
    'npm',
    ['ci', '--loglevel=error'],
    'npm ci failed: see the lines above, mend what they name, and run the command again.',
  )
  writeFileSync(stamp, wanted)
}
run(node, ['prisma/generate.ts'], 'The database clients could not be generated: see the lines above.')

const [file, ...rest] = process.argv.slice(2)
// `npm run generate` prints the schema first, since the client is generated from it.
if (file !== 'codegen.ts')
  run(node, ['client/codegen.ts'], 'The typed client could not be generated: see the lines above.')
if (file) {
  const child = spawn(node, [file, ...rest], { cwd: root, stdio: 'inherit' })
  // Ctrl-C reaches the child through the terminal; this process only waits for it. A SIGTERM reaches only this one.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
}

function run(command, args, complaint) {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (status !== 0) fail(complaint)
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
