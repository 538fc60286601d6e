import { createYoga } from 'graphql-yoga'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Identity } from '../../../kernel/auth/identity.ts'
import { maskError } from '../../../kernel/masking.ts'
import { schema } from '../../../subgraphs/models/graph.ts'
import { modelsLoaders } from '../../../subgraphs/models/loaders.ts'
import { registerVersion } from '../../../subgraphs/models/registration/service.ts'
import { silentLog } from '../../support/silent-log.ts'
import { completedJob, echoGenerators, identity, modelsInMemory } from './memory.ts'

let memory: ReturnType<typeof modelsInMemory>
let echo: ReturnType<typeof echoGenerators>
beforeEach(async () => {
  memory = modelsInMemory()
  echo = echoGenerators()
  await registerVersion(memory, 'default', completedJob(), new Date())
  await registerVersion(memory, 'default', completedJob({ jobId: 'job_2', parents: ['mv_1'] }), new Date())
  await registerVersion(memory, 'other', completedJob({ jobId: 'job_3', modelName: 'hidden' }), new Date())
})

async function ask(query: string, variables: object = {}, who: Identity = identity()) {
  const parts = { ...memory, ...echo }
  const yoga = createYoga({
    schema,
    logging: false,
    maskedErrors: { maskError: error => maskError(error, silentLog) },
    context: { ...parts, identity: who, loaders: modelsLoaders(parts, who) },
  })
  const response = await yoga.fetch('http://models/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  return (await response.json()) as {
    // biome-ignore lint/suspicious/noExplicitAny: answers have the shape of their query.
    data: any
    errors?: { message: string; extensions: { code: string } }[]
  }
}

async function failure(query: string, variables: object = {}, who?: Identity) {
  const { errors } = await ask(query, variables, who)
  return errors?.map(({ message, extensions }) => `${extensions.code}: ${message}`).join()
}

describe('versions in the graph', () => {
  it('are found by number, alias and latest, with all that belongs to them', async () => {
    await ask('mutation { setAlias(input: { ref: "moby/1", alias: "good" }) { id } }')
    const { data, errors } = await ask(`{
      byNumber: modelVersion(ref: "moby/2") { id ref number phase parameterCount sizeBytes architecture parents { ref }
        metrics { name value } files { path sizeBytes digest url } job { id } model { name latest { id } } aliases createdAt }
      byAlias: modelVersion(ref: "moby@good") { id aliases }
      latest: modelVersion(ref: "moby@latest") { id }
    }`)
    expect(errors).toBeUndefined()
    expect(data.byNumber).toMatchObject({
      id: 'mv_2',
      ref: 'moby/2',
      number: 2,
      phase: 'COGNATE',
      parameterCount: 1_000_000,
      sizeBytes: 4012,
      architecture: { kind: 'llama' },
      parents: [{ ref: 'moby/1' }],
      metrics: [{ name: 'validation_loss', value: 3.5 }],
      job: { id: 'job_2' },
      model: { name: 'moby', latest: { id: 'mv_2' } },
      aliases: [],
    })
    const urls = data.byNumber.files.map((file: { url: string }) => file.url)
    expect(urls.sort()).toEqual(['/artifacts/mv_2/config.json', '/artifacts/mv_2/model.safetensors'])
    expect(data.byAlias).toEqual({ id: 'mv_1', aliases: ['good'] })
    expect(data.latest).toEqual({ id: 'mv_2' })
  })

  it.each([
    [
      'moby/7',
      'NOT_FOUND: There is no model version "moby/7": moby has the versions 1 to 2, less those that were deleted.',
    ],
    [
      'moby@best',
      'NOT_FOUND: There is no model version "moby@best": moby has no aliases yet, and `setAlias` makes one.',
    ],
    ['nobody/1', 'NOT_FOUND: Project "default" has no model "nobody": `models` lists those that it has.'],
    [
      'My Model/1',
      'INVALID_INPUT: "My Model/1" names no model version: write "name/3", "name@alias" or "name@latest".',
    ],
  ])('%s: the error says what is wrong and what to do', async (ref, message) => {
    expect(await failure('query ($ref: String!) { modelVersion(ref: $ref) { id } }', { ref })).toBe(message)
  })

  it('are given to the gateway as the output of their jobs', async () => {
    const { data } = await ask(
      'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on TrainingJob { id output { ref } } } }',
      { representations: ['job_2', 'job_unknown'].map(id => ({ __typename: 'TrainingJob', id })) },
    )
    expect(data._entities).toEqual([
      { id: 'job_2', output: { ref: 'moby/2' } },
      { id: 'job_unknown', output: null },
    ])
  })
})

describe('projects', () => {
  it('hide what is theirs from the keys of others, by name, by id and in lists', async () => {
    const stranger = identity('default')
    expect(await failure('{ model(name: "hidden") { id } }', {}, stranger)).toMatch(/^NOT_FOUND/)
    expect(await failure('{ model(name: "hidden", project: "other") { id } }', {}, stranger)).toMatch(/^FORBIDDEN/)
    const { data } = await ask(
      `query ($representations: [_Any!]!) {
        models { edges { node { name } } }
        _entities(representations: $representations) { ... on ModelVersion { id } }
      }`,
      { representations: [{ __typename: 'ModelVersion', id: 'mv_3' }] },
      stranger,
    )
    expect(data).toEqual({ models: { edges: [{ node: { name: 'moby' } }] }, _entities: [null] })
  })

  it('are all visible to a key of all projects', async () => {
    const { data } = await ask(
      '{ models { edges { node { name project } } } model(name: "hidden", project: "other") { name } }',
    )
    expect(data.models.edges.map((edge: { node: unknown }) => edge.node)).toEqual([
      { name: 'hidden', project: 'other' },
      { name: 'moby', project: 'default' },
    ])
    expect(data.model).toEqual({ name: 'hidden' })
  })
})

describe('lists', () => {
  it('go from the newest to the oldest, page by page', async () => {
    const page =
      'query ($after: String) { models(first: 1, after: $after) { edges { node { name } } pageInfo { hasNextPage endCursor } } }'
    const first = (await ask(page)).data.models
    expect(first).toMatchObject({ edges: [{ node: { name: 'hidden' } }], pageInfo: { hasNextPage: true } })
    const second = (await ask(page, { after: first.pageInfo.endCursor })).data.models
    expect(second).toMatchObject({ edges: [{ node: { name: 'moby' } }], pageInfo: { hasNextPage: false } })
  })

  it('refuse a cursor that is none', async () => {
    expect(await failure('{ models(after: "yesterday") { edges { cursor } } }')).toMatch(/^INVALID_INPUT: "yesterday"/)
  })

  it('take a part of a name and a phase', async () => {
    const query = 'query ($filter: ModelFilter) { models(filter: $filter) { edges { node { name } } } }'
    const named = async (filter: object) =>
      (await ask(query, { filter })).data.models.edges.map((e: { node: { name: string } }) => e.node.name)
    expect(await named({ nameContains: 'ob' })).toEqual(['moby'])
    expect(await named({ phase: 'BITNET' })).toEqual([])
  })
})

describe('aliases', () => {
  const set = (ref: string, alias: string) =>
    `mutation { setAlias(input: { ref: "${ref}", alias: "${alias}" }) { ref aliases } }`

  it('move from version to version and can be taken away', async () => {
    await ask(set('moby/1', 'good'))
    expect((await ask(set('moby/2', 'good'))).data.setAlias).toEqual({ ref: 'moby/2', aliases: ['good'] })
    const { data } = await ask(
      'mutation { removeAlias(input: { model: "moby", alias: "good" }) { aliases { name version { ref } } } }',
    )
    expect(data.removeAlias).toEqual({ aliases: [] })
  })

  it('cannot be called latest, or have a space', async () => {
    expect(await failure(set('moby/1', 'latest'))).toMatch(/^INVALID_INPUT: "latest" always means/)
    expect(await failure(set('moby/1', 'so good'))).toMatch(/^INVALID_INPUT: "so good"/)
  })

  it('are missed by name', async () => {
    expect(await failure('mutation { removeAlias(input: { model: "moby", alias: "gone" }) { id } }')).toMatch(
      /^NOT_FOUND: Model "moby" has no alias "gone"/,
    )
  })

  it('are not set by a key that may only read', async () => {
    const reader: Identity = { ...identity(), scopes: ['models:read'] }
    expect(await failure(set('moby/1', 'good'), {}, reader)).toMatch(/^FORBIDDEN/)
  })
})

describe('generating', () => {
  const generate =
    'mutation ($input: GenerateInput!) { generate(input: $input) { text prompt modelVersion { ref } promptTokens tokens tokensPerSecond finishReason seed } }'

  it('continues a prompt with the version that is named, and says how', async () => {
    const { data } = await ask(generate, { input: { model: 'moby', prompt: 'abc', seed: 5, topK: 3 } })
    expect(data.generate).toEqual({
      text: 'cba',
      prompt: 'abc',
      modelVersion: { ref: 'moby/2' },
      promptTokens: 3,
      tokens: 10,
      tokensPerSecond: 20,
      finishReason: 'LENGTH',
      seed: 5,
    })
    const [[version, request]] = echo.asked
    expect(version.id).toBe('mv_2')
    expect(version.files.map(({ path }) => path)).toContain('model.safetensors')
    expect(request).toEqual({ prompt: 'abc', maxTokens: 128, temperature: 0.8, topK: 3, topP: undefined, seed: 5 })
  })

  it('tells the seed that it drew', async () => {
    expect((await ask(generate, { input: { model: 'moby', prompt: '' } })).data.generate.seed).toBe(77)
  })

  it.each([
    [{ temperature: -1 }, /temperature is -1/],
    [{ topK: 0 }, /topK is 0/],
    [{ topP: 1.5 }, /topP is 1.5/],
    [{ maxTokens: 0 }, /maxTokens is 0/],
    [{ maxTokens: 1_000_000 }, /maxTokens is 1000000/],
    [{ seed: -4 }, /seed is -4/],
    [{ prompt: 'a'.repeat(100_001) }, /100001 characters/],
  ])('refuses %j, naming the value', async (change, message) => {
    const said = await failure(generate, { input: { model: 'moby', prompt: 'a', ...change } })
    expect(said).toMatch(/^INVALID_INPUT: /)
    expect(said).toMatch(message)
    expect(echo.asked).toEqual([])
  })
})
