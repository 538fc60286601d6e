import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pool } from 'pg'
import { openDatabase } from '../../kernel/database/service-database.ts'
import { readEnv } from '../../kernel/env.ts'
import { openLog } from '../../kernel/log.ts'
import { benchmarkOf } from '../benchmark.ts'
import { closedLoop } from '../gateway/load.ts'
import { answering, run } from '../gateway/process.ts'

const models = 10_000
const versionsEach = 10
/** Of the filters one by one. */
const connections = 2
const port = 4110
const url = `http://127.0.0.1:${port}/graphql`

const byRef = 'query ($ref: String!) { modelVersion(ref: $ref) { id ref digest metrics { name value } aliases } }'
const filtered =
  'query ($filter: ModelFilter) { models(first: 20, filter: $filter) { edges { node { name latest { ref metrics { name value } } } } } }'

/** Filters of every kind, some that many models pass and some that few do. */
const filters = [
  { metrics: [{ name: 'validation_loss', atMost: 1.001 }] },
  { metrics: [{ name: 'validation_loss', atMost: 2 }], phase: 'BITNET' },
  { nameContains: '-77', phase: 'COGNATE' },
  { tags: ['lang:3'] },
  { versionTags: ['gold'], metrics: [{ name: 'accuracy', atLeast: 0.9 }] },
  { runId: 'run_4711' },
  { parentId: 'mv_00000123404' },
  { nameContains: 'nothing-is-called-so' },
]

export const benchmark = benchmarkOf({
  about: 'Reading and searching a registry of 100,000 versions through the gateway of a whole forge in one process.',
  options: {},
  async measure() {
    const data = mkdtempSync(join(tmpdir(), 'forge-bench-'))
    await using parts = new AsyncDisposableStack()
    parts.defer(() => rmSync(data, { recursive: true, force: true }))
    const given = { FORGE_DATA: data, PORT: String(port), FORGE_AUTH: 'off', FORGE_LOG: 'error' }
    const forge = parts.use(run([join(import.meta.dirname, '../../forge/main.ts')], { env: given }))
    await answering(url, {}, forge)
    {
      await using database = await openDatabase('models', readEnv(given), openLog('bench', 'silent'))
      process.stderr.write(`writing ${models * versionsEach} versions\n`)
      await seed(database.pool)
    }

    const bodies = {
      modelVersion: Array.from({ length: 1000 }, (_, n) => ({
        query: byRef,
        variables: { ref: `model-${(n * 7919) % models}/${1 + (n % versionsEach)}` },
      })),
      models: filters.map(filter => ({ query: filtered, variables: { filter } })),
    }
    const results = []
    const measured: Record<string, { readonly p95: number; readonly p99: number }> = {}
    for (const [name, asked, connections] of [
      ['modelVersion', bodies.modelVersion, 1],
      ['modelVersion', bodies.modelVersion, 2],
      ['modelVersion', bodies.modelVersion, 4],
      ['models', bodies.models, 2],
      ['models', bodies.models, 4],
    ] as const) {
      const load = { url, bodies: asked.map(body => JSON.stringify(body)) }
      const requests = name === 'models' ? 400 : 2_000
      await closedLoop(load, requests / 4, connections)
      const { failures, ...latencies } = await closedLoop(load, requests, connections)
      if (failures > 0) throw new Error(`${failures} of ${requests} requests for ${name} failed`)
      measured[`${name} ${connections}`] = latencies
      results.push({ query: name, versions: models * versionsEach, connections, requests, ...rounded(latencies) })
    }
    for (const [index, body] of bodies.models.entries()) {
      const { p95 } = await closedLoop({ url, bodies: [JSON.stringify(body)] }, 100, connections)
      results.push({
        query: `models ${JSON.stringify(filters[index])}`,
        connections,
        requests: 100,
        ...rounded({ p95 }),
      })
    }
    const [byRefs, search] = ['modelVersion 2', 'models 2'].map(name => rounded({ ...measured[name] }))
    return {
      samples: 1,
      results,
      goals: [
        { name: 'modelVersion, two at once, p99', goal: 20, value: byRefs!.p99, unit: 'ms', atMost: true },
        { name: 'filtered models, two at once, p95', goal: 50, value: search!.p95, unit: 'ms', atMost: true },
      ],
    }
  },
})

async function seed(pool: Pool): Promise<void> {
  await pool.query(
    `INSERT INTO model (id, project, name, newest, tags)
     SELECT 'model_' || lpad(m::text, 9, '0'), 'default', 'model-' || m, $2, ARRAY['lang:' || m % 100]
     FROM generate_series(0, $1 - 1) AS m`,
    [models, versionsEach],
  )
  await pool.query(
    `INSERT INTO version (id, model_id, number, project, phase, job_id, parameter_count, size_bytes, digest, architecture,
       metrics, dataset, parent_ids, tags, run_id)
     SELECT 'mv_' || lpad((m * 100 + n)::text, 11, '0'), 'model_' || lpad(m::text, 9, '0'), n, 'default',
       (ARRAY['COGNATE', 'EVOMERGE', 'QUIET_STAR', 'BITNET'])[1 + n % 4], 'job_' || m || '_' || n, 1000000, 4000000,
       'sha256:' || md5(m || '/' || n) || md5(n || '/' || m), '{"kind": "llama", "width": 128, "layers": 4}',
       jsonb_build_array(jsonb_build_object('name', 'validation_loss', 'value', 1 + (m * 7 + n * 13) % 1000 / 100.0),
         jsonb_build_object('name', 'accuracy', 'value', (m * 3 + n * 5) % 100 / 100.0)),
       '{"id": "ds", "fingerprint": "f"}',
       CASE WHEN n > 1 THEN ARRAY['mv_' || lpad((m * 100 + n - 1)::text, 11, '0')] ELSE ARRAY[]::text[] END,
       CASE WHEN (m + n) % 50 = 0 THEN ARRAY['gold'] ELSE ARRAY[]::text[] END, 'run_' || m
     FROM generate_series(0, $1 - 1) AS m, generate_series(1, $2::int) AS n`,
    [models, versionsEach],
  )
  await pool.query(
    `INSERT INTO metric (version_id, name, value)
     SELECT version.id, entry ->> 'name', (entry ->> 'value')::float FROM version, jsonb_array_elements(metrics) AS entry`,
  )
  await pool.query(
    `INSERT INTO file (version_id, path, digest, size_bytes) SELECT id, 'model.safetensors', digest, size_bytes FROM version`,
  )
  await pool.query(
    `INSERT INTO alias (model_id, name, version_id) SELECT model_id, 'champion', id FROM version WHERE number = 5`,
  )
  for (const table of ['model', 'version', 'metric', 'file', 'alias']) await pool.query(`VACUUM ANALYZE ${table}`)
}

const rounded = <T extends Readonly<Record<string, number>>>(values: T) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Math.round(value * 10) / 10]))
