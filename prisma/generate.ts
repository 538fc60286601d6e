import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { prismaFolder, serviceNames } from '../kernel/database/folders.ts'

/** Generates the Prisma client of each service whose schema changed since its client was made: `node prisma/generate.ts`. */
const require = createRequire(import.meta.url)
const run = promisify(execFile)
const version: string = require('prisma/package.json').version

for (const service of serviceNames) {
  const folder = prismaFolder(service)
  const stamp = join(folder, 'generated', '.schema-hash')
  const hash = createHash('sha256')
    .update(version)
    .update(await readFile(join(folder, 'schema.prisma')))
    .digest('hex')
  if ((await readIfThere(stamp)) === hash) continue
  await generate(folder)
  await writeFile(stamp, hash)
  console.log(`Generated the database client of ${service}`)
}

/** Generating needs no schema engine, but the command wants a file in its place before it starts; any file does. */
async function generate(folder: string): Promise<void> {
  const cli = join(dirname(require.resolve('prisma/package.json')), 'build', 'index.js')
  await run(process.execPath, [cli, 'generate', '--config', join(folder, 'prisma.config.ts')], {
    cwd: folder,
    env: { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' },
  })
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
