import { serviceNames } from '../kernel/database/folders.ts'
import { openSchemaEngine } from './schema-engine.ts'

/** Fails when the migrations of a service do not make its schema.prisma: `node prisma/drift.ts`. */
await using engine = await openSchemaEngine()

for (const service of serviceNames) {
  const missing = await engine.difference(service)
  if (missing === '') continue
  console.error(`prisma/${service}: the migrations do not make schema.prisma. Missing:\n${missing}`)
  console.error(`Run: node prisma/migration.ts ${service} <name>`)
  process.exitCode = 1
}
