import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Plugin } from 'graphql-yoga'
import { z } from 'zod'
import { forbidden, invalidInput } from '../../kernel/errors.ts'

const manifestShape = z.record(z.string().regex(/^[0-9a-f]{64}$/), z.string())

export interface Documents {
  /**
   * The text to run: what was sent, or what its hash stands for. Throws FORBIDDEN for a document that is not of the
   * manifest where only those may run, and INVALID_INPUT for a hash that nobody knows.
   */
  resolve(query: string | undefined, hash: unknown): string | undefined
}

/** Documents of the manifest at `path`, a JSON object of texts by their SHA-256. `only` refuses all others. */
export async function openDocuments(path: string, only: boolean): Promise<Documents> {
  const manifest = new Map(Object.entries(await readManifest(path)))
  return {
    resolve(query, hash) {
      if (!query && typeof hash === 'string') {
        const known = manifest.get(hash)
        if (known === undefined) throw unknownHash()
        return known
      }
      if (only && query && !manifest.has(hashOf(query))) throw notPersisted()
      return query
    },
  }
}

/** Over HTTP and WebSocket; the hash comes as `extensions.persistedQuery.sha256Hash`, as Apollo's clients send it. */
export const persistedDocuments = (documents: Documents): Plugin => ({
  onParams({ params, setParams }) {
    const query = documents.resolve(params.query, hashIn(params.extensions))
    if (query !== params.query) setParams({ ...params, query })
  },
})

export const hashIn = (extensions: Readonly<Record<string, unknown>> | null | undefined): unknown =>
  ((extensions?.persistedQuery ?? {}) as { sha256Hash?: unknown }).sha256Hash

export const hashOf = (document: string): string => createHash('sha256').update(document).digest('hex')

async function readManifest(path: string): Promise<Record<string, string>> {
  const problem = (reason: string) => invalidInput(`The manifest of documents ${path} cannot be used: ${reason}.`)
  const text = await readFile(path, 'utf8').catch(error => {
    throw problem((error as Error).message)
  })
  const manifest = manifestShape.safeParse(JSON.parse(text))
  if (!manifest.success) throw problem(manifest.error.issues[0]!.message)
  return manifest.data
}

const notPersisted = () =>
  forbidden(
    'This gateway runs only the documents of its manifest (FORGE_DOCUMENTS=persisted), and this is none of them.',
  )
const unknownHash = () => invalidInput('No document of the manifest has this SHA-256: send its text as `query`.')
