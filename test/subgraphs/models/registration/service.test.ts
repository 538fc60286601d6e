import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { registerVersion } from '../../../../subgraphs/models/registration/service.ts'
import { completedJob, digestOf, modelsInMemory } from '../memory.ts'

const at = new Date(1000)

describe('a completed job', () => {
  it('becomes version 1 of a new model, announced with its id, number, digest and size', async () => {
    const memory = modelsInMemory()
    await registerVersion(memory, 'default', completedJob(), at)

    const digest = createHash('sha256')
      .update(`${'b'.repeat(64)}  config.json\n${'a'.repeat(64)}  model.safetensors\n`)
      .digest('hex')
    expect(memory.outbox).toMatchObject([
      {
        topic: 'version.registered',
        key: 'mv_1',
        project: 'default',
        data: {
          versionId: 'mv_1',
          modelId: 'model_1',
          modelName: 'moby',
          number: 1,
          jobId: 'job_1',
          phase: 'COGNATE',
          digest: `sha256:${digest}`,
          sizeBytes: 4012,
        },
      },
    ])
  })

  it('adds a version to a model of its name, and to none of another project', async () => {
    const memory = modelsInMemory()
    await registerVersion(memory, 'default', completedJob(), at)
    await registerVersion(memory, 'default', completedJob({ jobId: 'job_2', parents: ['mv_1'] }), at)
    await registerVersion(memory, 'other', completedJob({ jobId: 'job_3' }), at)

    expect(memory.outbox.map(({ project, data }) => [project, data.modelId, data.number])).toEqual([
      ['default', 'model_1', 1],
      ['default', 'model_1', 2],
      ['other', 'model_2', 1],
    ])
  })

  it('has one version, however often it is told', async () => {
    const memory = modelsInMemory()
    await registerVersion(memory, 'default', completedJob(), at)
    await registerVersion(memory, 'default', completedJob(), at)
    expect(memory.outbox).toHaveLength(1)
  })

  const [weights, config] = completedJob().files
  it.each([
    [
      'whose file is not stored',
      { files: [weights, { ...config, digest: digestOf('c') }] },
      'NOT_FOUND',
      /config.json/,
    ],
    ['whose file has another size', { files: [{ ...weights, sizeBytes: 1 }] }, 'INVALID_INPUT', /1 byte .* 4000/],
    ['whose file would leave its folder', { files: [{ ...weights, path: '../x' }] }, 'INVALID_INPUT', /"..\/x"/],
    ['with two files of one path', { files: [weights, weights] }, 'INVALID_INPUT', /model.safetensors/],
    ['whose name no model can have', { modelName: 'My Model' }, 'INVALID_INPUT', /"My Model"/],
    ['whose parent is not there', { parents: ['mv_9'] }, 'NOT_FOUND', /mv_9/],
  ])('%s is rejected, once, with the reason', async (_, change, code, message) => {
    const memory = modelsInMemory()
    await registerVersion(memory, 'default', completedJob(change), at)
    await registerVersion(memory, 'default', completedJob(change), at)

    expect(memory.outbox).toHaveLength(1)
    expect(memory.outbox[0]).toMatchObject({ topic: 'version.rejected', key: 'job_1', data: { jobId: 'job_1' } })
    expect(memory.outbox[0].data.error).toMatchObject({ code, message: expect.stringMatching(message) })
  })

  it('whose stored bytes were altered is rejected', async () => {
    const memory = modelsInMemory()
    memory.stored.set(weights.digest, 'altered')
    await registerVersion(memory, 'default', completedJob(), at)
    expect(memory.outbox[0].data.error).toMatchObject({ message: expect.stringMatching(/no longer have the digest/) })
  })

  it('from a parent of another project is rejected', async () => {
    const memory = modelsInMemory()
    await registerVersion(memory, 'other', completedJob(), at)
    await registerVersion(memory, 'default', completedJob({ jobId: 'job_2', parents: ['mv_1'] }), at)
    expect(memory.outbox[1].topic).toBe('version.rejected')
  })

  it('is tried again when the store cannot be read', async () => {
    const memory = modelsInMemory()
    const artifacts = { inspect: () => Promise.reject(new Error('disk')) }
    await expect(registerVersion({ ...memory, artifacts }, 'default', completedJob(), at)).rejects.toThrow('disk')
    expect(memory.outbox).toEqual([])
  })
})
