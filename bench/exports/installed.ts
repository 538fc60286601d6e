import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Installs what a folder's package.json names, where it is not there yet: it is too large for every install. */
export function install(folder: string, what: string): void {
  if (existsSync(join(folder, 'node_modules/.package-lock.json'))) return
  console.error(`Installing ${what} …`)
  execFileSync('npm', ['install', '--no-package-lock', '--ignore-scripts', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
  })
}
