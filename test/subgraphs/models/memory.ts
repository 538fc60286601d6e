import type { Identity } from '../../../kernel/auth/identity.ts'
import { roles } from '../../../kernel/auth/identity.ts'
import type { OutboxRow } from '../../../kernel/outbox.ts'
import type { Alias, AliasStore } from '../../../subgraphs/models/aliases/ports.ts'
import type { Generators } from '../../../subgraphs/models/generation/ports.ts'
import type { Artifacts, CompletedJob, Registrations } from '../../../subgraphs/models/registration/ports.ts'
import type { Model } from '../../../subgraphs/models/registry/model.ts'
import type { Page, Registry } from '../../../subgraphs/models/registry/ports.ts'
import type { Versions } from '../../../subgraphs/models/versions/ports.ts'
import type { ModelFile, ModelVersion } from '../../../subgraphs/models/versions/version.ts'

export const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`

export const identity = (project = '*'): Identity => ({
  principal: 'key_1',
  name: 'tester',
  project,
  scopes: roles.trainer,
})

export const completedJob = (change: Partial<CompletedJob> = {}): CompletedJob => ({
  jobId: 'job_1',
  phase: 'COGNATE',
  attempt: 1,
  modelName: 'moby',
  step: 40,
  totalSteps: 40,
  parameterCount: 1_000_000,
  architecture: { kind: 'llama', width: 128 },
  files: [
    { path: 'model.safetensors', digest: digestOf('a'), sizeBytes: 4000 },
    { path: 'config.json', digest: digestOf('b'), sizeBytes: 12 },
  ],
  metrics: [{ name: 'validation_loss', value: 3.5 }],
  parents: [],
  dataset: { id: 'ds_1', fingerprint: 'f' },
  runId: null,
  stepName: null,
  ...change,
})

/** The ports of models over arrays. */
export function modelsInMemory() {
  const models: Model[] = []
  const rows: ModelVersion[] = []
  const files: (ModelFile & { versionId: string })[] = []
  const names: Alias[] = []
  const outbox: OutboxRow[] = []
  const stored = new Map<string, 'altered' | { sizeBytes: number }>(
    completedJob().files.map(({ digest, sizeBytes }) => [digest, { sizeBytes }]),
  )
  const paged = <T extends { id: string }>(all: T[], { after, before, limit, inverted }: Page) => {
    const page = all.filter(({ id }) => !(after && id >= after) && !(before && id <= before))
    return page.toSorted((a, b) => (a.id < b.id === inverted ? -1 : 1)).slice(0, limit)
  }

  const registry: Registry = {
    find: async (project, name) => models.find(model => model.project === project && model.name === name) ?? null,
    byId: async ids => models.filter(({ id }) => ids.includes(id)),
    list: async ({ project, nameContains = '', phase }, page) =>
      paged(
        models.filter(
          model =>
            (!project || model.project === project) &&
            model.name.includes(nameContains) &&
            (!phase || rows.some(row => row.modelId === model.id && row.phase === phase)),
        ),
        page,
      ),
  }
  const versions: Versions = {
    find: async (modelId, number) => rows.find(row => row.modelId === modelId && row.number === number) ?? null,
    aliased: async (modelId, name) => {
      const alias = names.find(alias => alias.modelId === modelId && alias.name === name)
      return rows.find(({ id }) => id === alias?.versionId) ?? null
    },
    list: async (modelId, page) =>
      paged(
        rows.filter(row => row.modelId === modelId),
        page,
      ),
    byId: async ids => rows.filter(({ id }) => ids.includes(id)),
    ofJobs: async ids => rows.filter(({ jobId }) => ids.includes(jobId)),
    newest: async of => rows.filter(row => of.some(({ id, newest }) => row.modelId === id && row.number === newest)),
    files: async ids => files.filter(({ versionId }) => ids.includes(versionId)),
  }
  const aliases: AliasStore = {
    ofModels: async ids => names.filter(({ modelId }) => ids.includes(modelId)),
    ofVersions: async ids => names.filter(({ versionId }) => ids.includes(versionId)),
    point: async alias => {
      await aliases.remove(alias.modelId, alias.name)
      names.push(alias)
    },
    remove: async (modelId, name) => {
      const at = names.findIndex(alias => alias.modelId === modelId && alias.name === name)
      if (at >= 0) names.splice(at, 1)
      return at >= 0
    },
  }
  const registrations: Registrations = {
    isRegistered: async jobId => rows.some(row => row.jobId === jobId),
    knownVersions: async (project, ids) =>
      new Set(rows.filter(row => row.project === project && ids.includes(row.id)).map(({ id }) => id)),
    reject: async event => {
      if (!outbox.some(({ id }) => id === event.id)) outbox.push(event)
    },
    register: async ({ project, job, digest, sizeBytes }, announce) => {
      const at = models.findIndex(model => model.project === project && model.name === job.modelName)
      const model: Model =
        at >= 0
          ? { ...models[at], newest: models[at].newest + 1 }
          : { id: `model_${models.length + 1}`, project, name: job.modelName, newest: 1, createdAt: new Date(0) }
      models.splice(at >= 0 ? at : models.length, 1, model)
      const { phase, jobId, parameterCount, architecture, metrics, dataset, parents: parentIds } = job
      const made = { phase, jobId, parameterCount, architecture, metrics, dataset, parentIds }
      const id = `mv_${rows.length + 1}`
      const version = {
        ...made,
        id,
        modelId: model.id,
        project,
        number: model.newest,
        digest,
        sizeBytes,
        createdAt: new Date(0),
      }
      rows.push(version)
      files.push(...job.files.map(file => ({ ...file, versionId: id })))
      outbox.push(announce(version, model))
    },
  }
  const artifacts: Artifacts = { inspect: async digest => stored.get(digest) ?? 'missing' }
  return { registry, versions, aliases, registrations, artifacts, outbox, stored }
}

/** Answers with the prompt turned round, and remembers what it was asked. */
export function echoGenerators() {
  const asked: Parameters<Generators['generate']>[] = []
  const generators: Generators = {
    newSeed: () => 77,
    generate: async (version, request) => {
      asked.push([version, request])
      const text = Array.from(request.prompt).reverse().join('')
      return { text, promptTokens: 3, tokens: 10, finishReason: 'LENGTH', seconds: 0.5 }
    },
  }
  return { generators, asked }
}
