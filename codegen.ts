import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { printSubgraphSchema } from '@apollo/subgraph'
import type { GraphQLSchema } from 'graphql'
import { documentManifest, generateClient } from './client/codegen.ts'
import { eventContracts } from './forge/event-contracts.ts'
import { permissionsPage } from './gateway/access/table.ts'
import { composeSupergraph } from './schema/compose.ts'
import { schema as models } from './subgraphs/models/graph.ts'
import { schema as monitoring } from './subgraphs/monitoring/graph.ts'
import { schema as orchestration } from './subgraphs/orchestration/graph.ts'
import { schema as realtime } from './subgraphs/realtime/graph.ts'
import { schema as training } from './subgraphs/training/graph.ts'

/**
 * Prints the SDL of each subgraph, the supergraph and API schema that they compose to, and the schemas of all events
 * into schema/, the table of permissions into docs/, makes the typed client from them, and lists that client's documents.
 * `--check` writes nothing and fails when a committed file differs.
 */
const subgraphs: Record<string, GraphQLSchema> = { training, models, monitoring, realtime, orchestration }

const folder = join(import.meta.dirname, 'schema')
const sdl = Object.fromEntries(
  Object.entries(subgraphs).map(([name, schema]) => [name, `${printSubgraphSchema(schema).trim()}\n`]),
)
const { supergraph, api } = composeSupergraph(sdl)
const files: Record<string, string> = {
  ...Object.fromEntries(Object.entries(sdl).map(([name, text]) => [`subgraphs/${name}.graphql`, text])),
  'supergraph.graphql': supergraph,
  'api.graphql': api,
  '../docs/permissions.md': permissionsPage(supergraph),
  'events.json': `${JSON.stringify(eventContracts(), null, 2)}\n`,
}

settle(files)
await generateClient()
settle({ 'documents.json': `${JSON.stringify(await documentManifest(), null, 2)}\n` })

function settle(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name)
    if (!process.argv.includes('--check')) {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    } else if (readIfThere(path) !== text) {
      console.error(`${join('schema', name)} is not what the subgraphs say: run npm run generate and commit it.`)
      process.exitCode = 1
    }
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
