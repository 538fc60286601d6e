import type { Identity } from '../../../kernel/auth/identity.ts'
import { roles } from '../../../kernel/auth/identity.ts'
import { newSigningKey } from '../../../kernel/auth/tokens.ts'
import type { OutboxRow } from '../../../kernel/outbox.ts'
import type { Alias, AliasStore } from '../../../subgraphs/models/aliases/ports.ts'
import type { Generators } from '../../../subgraphs/models/generation/ports.ts'
import type { Handoffs } from '../../../subgraphs/models/handoffs/ports.ts'
import type { Histories } from '../../../subgraphs/models/histories/ports.ts'
import type { Artifacts, CompletedJob, Registrations } from '../../../subgraphs/models/registration/ports.ts'
import type { Model } from '../../../subgraphs/models/registry/model.ts'
import type { Page, Registry } from '../../../subgraphs/models/registry/ports.ts'
import { versionSigner } from '../../../subgraphs/models/signing/signer.ts'
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

/** A key that only tests have. */
export const testSigner = versionSigner((await newSigningKey()) as { kid: string }, 'The test key')

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
    ofJobs: async ids => rows.filter(({ jobId }) => jobId !== null && ids.includes(jobId)),
    children: async ids => rows.filter(({ parentIds }) => parentIds.some(id => ids.includes(id))),
    newest: async of => rows.filter(row => of.some(({ id, newest }) => row.modelId === id && row.number === newest)),
    files: async ids => files.filter(({ versionId }) => ids.includes(versionId)),
  }
  const aliases: AliasStore = {
    ofModels: async ids => names.filter(({ modelId }) => ids.includes(modelId)),
    ofVersions: async ids => names.filter(({ versionId }) => ids.includes(versionId)),
    point: async (alias, expected, announce) => {
      const at = names.findIndex(known => known.modelId === alias.modelId && known.name === alias.name)
      const found = names[at]?.versionId ?? null
      if (expected !== undefined && expected !== found) return { found }
      if (found === alias.versionId) return null
      if (at >= 0) names.splice(at, 1)
      names.push(alias)
      outbox.push(announce(found))
      return null
    },
    remove: async (modelId, name, announce) => {
      const at = names.findIndex(alias => alias.modelId === modelId && alias.name === name)
      const [removed] = at >= 0 ? names.splice(at, 1) : []
      if (removed) outbox.push(announce(removed.versionId))
      return removed !== undefined
    },
  }
  const registrations: Registrations = {
    ofJob: async jobId => rows.find(row => row.jobId === jobId) ?? null,
    knownVersions: async (project, ids) =>
      new Map(
        rows.filter(row => row.project === project && ids.includes(row.id)).map(({ id, digest }) => [id, digest]),
      ),
    reject: async event => {
      if (!outbox.some(({ id }) => id === event.id)) outbox.push(event)
    },
    register: async ({ project, made, digest, sizeBytes }, { seal, announce }) => {
      const known = made.jobId === null ? null : await registrations.ofJob(made.jobId)
      if (known) return known
      const at = models.findIndex(model => model.project === project && model.name === made.modelName)
      const model: Model =
        at >= 0
          ? { ...models[at]!, newest: models[at]!.newest + 1 }
          : {
              id: `model_${models.length + 1}`,
              project,
              name: made.modelName,
              newest: 1,
              createdAt: new Date(0),
              description: '',
              tags: [],
              keepBest: null,
              keepMetric: null,
              keepLargest: false,
            }
      models.splice(at >= 0 ? at : models.length, 1, model)
      const version: ModelVersion = {
        id: `mv_${rows.length + 1}`,
        modelId: model.id,
        project,
        number: model.newest,
        digest,
        sizeBytes,
        phase: made.phase,
        jobId: made.jobId,
        parameterCount: made.parameterCount,
        architecture: made.architecture,
        metrics: made.metrics,
        dataset: made.dataset,
        parentIds: made.parents,
        createdAt: new Date(0),
        description: '',
        tags: [],
        runId: made.runId,
        stepName: made.stepName,
        source: made.source ?? null,
        manifest: null,
        signature: null,
        keyId: null,
      }
      const sealed = { ...version, ...seal(version, model) }
      rows.push(sealed)
      files.push(...made.files.map(file => ({ ...file, versionId: version.id })))
      outbox.push(announce(sealed, model))
      return sealed
    },
  }
  const artifacts: Artifacts = { inspect: async digest => stored.get(digest) ?? 'missing' }
  const histories: Histories = {
    note: async () => {},
    facts: async () => [],
    addPoints: async () => {},
    curves: async () => [],
  }
  const handoffs = { ofVersions: async () => [] } as unknown as Handoffs
  return {
    registry,
    versions,
    aliases,
    registrations,
    artifacts,
    histories,
    handoffs,
    signer: testSigner,
    lagMs: async () => 0,
    outbox,
    stored,
  }
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
