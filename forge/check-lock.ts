import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * npm drops the optional packages of other platforms from the lock file when it installs over existing node_modules,
 * and `npm ci` then refuses a fresh clone. Fails when the lock file lacks a package that another one names.
 */
interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const text = readFileSync(join(import.meta.dirname, '../package-lock.json'), 'utf8')
const packages = (JSON.parse(text) as { packages: Record<string, Locked> }).packages

/** Node's own search: in the folder of the package that asks, then in each folder above it. */
function isLocked(name: string, from: string): boolean {
  if (packages[`${from ? `${from}/` : ''}node_modules/${name}`]) return true
  if (from === '') return false
  return isLocked(name, from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/'))))
}

const missing = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
  Object.keys({ ...dependencies, ...optionalDependencies })
    .filter(name => !isLocked(name, path))
    .map(name => `${name}, which ${path || 'package.json'} names`),
)
const complaints = missing.map(line => `package-lock.json lacks ${line}`)
if (missing.length > 0)
  complaints.push('Make it anew: npm install --package-lock-only in a folder with package.json alone.')
if (/"resolved": /.test(text))
  complaints.push('package-lock.json names a registry: omit-lockfile-registry-resolved=true leaves it out.')
for (const line of complaints) console.error(line)
process.exitCode = complaints.length > 0 ? 1 : 0
