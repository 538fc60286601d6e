import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const documents = join(import.meta.dirname, 'documents')
const generated = join(import.meta.dirname, 'generated')
const stamp = join(generated, '.hash')
const defaultSchema = join(root, 'schema', 'api.graphql')

/** Makes the types and typed documents of the client from schema/api.graphql, when that or a document has changed. */
export async function generateClient(schema = defaultSchema): Promise<void> {
  const hash = await hashOf(schema)
  if ((await readFile(stamp, 'utf8').catch(() => '')) === hash) return
  await mkdir(generated, { recursive: true })
  // Loading it takes seconds, and every start asks whether something has changed.
  const { generate } = await import('@graphql-codegen/cli')
  await generate(
    {
      schema,
      documents: join(documents, '*.graphql'),
      generates: {
        [join(generated, 'graphql.ts')]: {
          plugins: ['typescript-operations', 'typed-document-node'],
          config: {
            // Node runs the output as it is, so it may hold no enum, and what is only a type must be imported as one.
            enumsAsTypes: true,
            useTypeImports: true,
            documentMode: 'string',
            dedupeFragments: true,
            immutableTypes: true,
            strictScalars: true,
            scalars: { DateTime: 'string', JSON: 'unknown' },
          },
        },
      },
      silent: true,
    },
    true,
  )
  await writeFile(stamp, hash)
}

/** Every document that the client sends, by its SHA-256: what a gateway with FORGE_DOCUMENTS=persisted runs. */
export async function documentManifest(): Promise<Record<string, string>> {
  const exported = Object.values(await import('./generated/graphql.ts')).map(String)
  const operations = exported.filter(text => /^\s*(query|mutation|subscription)\b/m.test(text))
  const entries = operations.map(text => [createHash('sha256').update(text).digest('hex'), text] as const)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function hashOf(schema: string): Promise<string> {
  const hash = createHash('sha256')
  const version: string = createRequire(import.meta.url)('@graphql-codegen/cli/package.json').version
  hash.update(version)
  const sources = (await readdir(documents)).sort().map(name => join(documents, name))
  for (const path of [import.meta.filename, schema, ...sources]) hash.update(await readFile(path))
  return hash.digest('hex')
}

if (import.meta.main) await generateClient()
