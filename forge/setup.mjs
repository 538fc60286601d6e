// Runs on whatever Node the machine has (20 or later), before anything is installed: no dependencies, no TypeScript.
// `node forge/setup.mjs FILE ARGUMENTS…` installs and generates what is missing, then runs FILE on the forge's own Node.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { releaseLock, takeLock } from './setup-lock.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const modules = join(root, 'node_modules')
const node = join(modules, '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')

if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(`Agent Forge needs Node 20 or later to install itself, but this is ${process.version}: install a newer Node.`)
}

// Of two that start at once the second waits, and finds all there.
const lock = join(root, '.setup-lock')
takeLock(lock, console.error)
const release = () => releaseLock(lock)
process.once('exit', release)

if (!isInstalled()) {
  console.error('Installing packages: about two minutes the first time …')
  // Without this, ONNX Runtime's install script downloads CUDA; npm 11 skips it by package.json's allowScripts.
  process.env.npm_config_onnxruntime_node_install = 'skip'
  run(
    'npm',
    ['ci', '--loglevel=error'],
    'npm ci failed: see the lines above, mend what they name, and run the command again.',
  )
}
run(node, ['prisma/generate.ts'], 'The database clients could not be generated: see the lines above.')

// What Node has compiled once it need not compile at the next start.
process.env.NODE_COMPILE_CACHE ??= join(modules, '.cache', 'node')
const [file, ...rest] = process.argv.slice(2)
// `npm run generate` prints the schema first, since the client is generated from it; it holds the lock to its end.
if (file !== 'codegen.ts') {
  run(node, ['client/codegen.ts'], 'The typed client could not be generated: see the lines above.')
  release()
  process.off('exit', release)
}
if (file) {
  const child = spawn(node, [file, ...rest], { cwd: root, stdio: 'inherit' })
  // Ctrl-C reaches the child through the terminal; this process only waits for it. A SIGTERM reaches only this one.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  // A SIGTERM to npm ends its shell, which passes nothing on: whoever has lost its parent stops, too.
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    child.kill('SIGTERM')
  }, 1_000)
  watch.unref()
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
}

/** Whether every package of the lock file is there in its version, as npm itself has noted; other platforms' may lack. */
function isInstalled() {
  const noted = join(modules, '.package-lock.json')
  if (!existsSync(node) || !existsSync(noted)) return false
  const packagesOf = file => JSON.parse(readFileSync(file, 'utf8')).packages
  const installed = packagesOf(noted)
  return Object.entries(packagesOf(join(root, 'package-lock.json'))).every(
    ([path, { version, optional, devOptional }]) =>
      path === '' || (installed[path] ? installed[path].version === version : optional || devOptional),
  )
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
