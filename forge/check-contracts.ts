import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CriticalityLevel, diff } from '@graphql-inspector/core'
import { buildSchema } from 'graphql'
import { brokenEvents, type EventContracts } from './event-contracts.ts'

/**
 * Refuses what would break a service or a client that runs already: a breaking change of the API schema unless
 * package.json's version is raised, and one of an event's data unless the topic's version is. Compares with the commit
 * given as argument; else with origin/main where that is another commit than HEAD, else with the commit before HEAD.
 */
const root = join(import.meta.dirname, '..')
const git = (...args: string[]) => spawnSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 })
const commit = (name: string) => git('rev-parse', '--verify', '--quiet', `${name}^{commit}`).stdout.trim()

const head = commit('HEAD')
const upstream = commit('origin/main')
const base = commit(process.argv[2] ?? (upstream && upstream !== head ? 'origin/main' : 'HEAD^'))

const before = (path: string): string | null => {
  const { status, stdout } = git('show', `${base}:${path}`)
  return status === 0 ? stdout : null
}
const now = (path: string): string => readFileSync(join(root, path), 'utf8')
const versionOf = (manifest: string): string => JSON.parse(manifest).version

async function brokenSchema(): Promise<readonly string[]> {
  const old = before('schema/api.graphql')
  if (!old || versionOf(before('package.json') ?? now('package.json')) !== versionOf(now('package.json'))) return []
  const changes = await diff(buildSchema(old), buildSchema(now('schema/api.graphql')))
  return changes
    .filter(change => change.criticality.level === CriticalityLevel.Breaking)
    .map(change => `schema/api.graphql: ${change.message}: keep it, or raise the version in package.json.`)
}

function brokenTopics(): readonly string[] {
  const old = before('schema/events.json')
  if (!old) return []
  return brokenEvents(JSON.parse(old) as EventContracts, JSON.parse(now('schema/events.json')) as EventContracts)
}

if (!base) {
  console.log('This is the first commit: there is no contract to break yet.')
} else {
  const broken = [...(await brokenSchema()), ...brokenTopics()]
  for (const line of broken) console.error(line)
  process.exitCode = broken.length > 0 ? 1 : 0
}
