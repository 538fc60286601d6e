import { verify } from 'node:crypto'
import { utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../support/condition.ts'
import { completedJob, identity, testSigner } from './memory.ts'
import { failureOf, HOUR, type StoredForge, storedForge } from './stored-forge.ts'

let forge: StoredForge
beforeAll(async () => {
  forge = await storedForge()
})
afterAll(() => forge[Symbol.asyncDispose]())

const previewQuery = `query ($refs: [String!]!) { deletionPreview(refs: $refs) {
  token versions { ref } dependents { ref } aliases files freedBytes } }`
const deleteQuery = `mutation ($input: DeleteModelVersionsInput!) { deleteModelVersions(input: $input) { id status refs } }`
const preview = async (...refs: string[]) => (await forge.ask(previewQuery, { refs })).data.deletionPreview
async function remove(...refs: string[]) {
  const { token } = await preview(...refs)
  return (await forge.ask(deleteQuery, { input: { refs, token } })).data.deleteModelVersions
}
const exists = async (ref: string) =>
  (await forge.ask(`{ modelVersion(ref: "${ref}") { id } }`)).data.modelVersion !== null
const age = (digest: string, ms: number) => {
  const at = new Date(Date.now() - ms)
  return utimes(join(forge.folder, digest.slice(7, 9), digest.slice(9)), at, at)
}

describe('descriptions and tags', () => {
  it('are kept with the model and the version, and do not touch what is signed', async () => {
    const { manifest } = await forge.complete('job_label', { modelName: 'labelled' })
    await Promise.all(
      ['lang:en', 'small', 'lang:en'].map(tag =>
        forge.ask(`mutation { updateModel(input: { name: "labelled", addTags: ["${tag}"] }) { id } }`),
      ),
    )
    const { data } = await forge.ask(`mutation {
      updateModel(input: { name: "labelled", description: "Reads Melville.", removeTags: ["small"] }) { description tags }
      updateModelVersion(input: { ref: "labelled/1", addTags: ["good"] }) { tags description seal { manifest } }
    }`)
    expect(data.updateModel).toEqual({ description: 'Reads Melville.', tags: ['lang:en'] })
    expect(data.updateModelVersion).toEqual({ tags: ['good'], description: '', seal: { manifest } })
  })

  it.each([
    ['addTags: [" "]', /^INVALID_INPUT: " " cannot be a tag/],
    [
      `addTags: [${Array.from({ length: 60 }, (_, n) => `"t${n}"`)}]`,
      /^INVALID_INPUT: That would be more than 50 tags/,
    ],
    [`description: "${'x'.repeat(10_001)}"`, /^INVALID_INPUT: The description has 10001/],
  ])('refuse what is none or too much', async (given, message) => {
    const answer = await forge.ask(`mutation { updateModel(input: { name: "labelled", ${given} }) { id } }`)
    expect(failureOf(answer)).toMatch(message)
  })
})

describe('an idempotency key', () => {
  it('makes the second call do nothing, and refuses another one', async () => {
    await forge.complete('job_once', { modelName: 'once' })
    const call = (tag: string) =>
      forge.ask(`mutation { updateModel(input: { name: "once", addTags: ["${tag}"], idempotencyKey: "k" }) { tags } }`)
    expect((await call('a')).data.updateModel).toEqual({ tags: ['a'] })
    await forge.ask('mutation { updateModel(input: { name: "once", removeTags: ["a"] }) { id } }')
    expect((await call('a')).data.updateModel).toEqual({ tags: [] })
    expect(failureOf(await call('b'))).toMatch(/^CONFLICT: The idempotency key "k" stands for another call/)
  })
})

describe('an alias', () => {
  it('goes to one of two who expect the same; the other gets a CONFLICT, and the move is announced once', async () => {
    for (const n of [1, 2, 3]) await forge.complete(`job_race_${n}`, { modelName: 'raced' })
    await forge.ask('mutation { setAlias(input: { ref: "raced/1", alias: "champion", expected: "none" }) { id } }')
    const answers = await Promise.all(
      [2, 3].map(n =>
        forge.ask(
          `mutation { setAlias(input: { ref: "raced/${n}", alias: "champion", expected: "raced/1" }) { ref } }`,
        ),
      ),
    )
    const [lost] = answers.map(failureOf).filter(Boolean)
    const [won] = answers.filter(answer => !answer.errors)
    expect(lost).toBe(
      `CONFLICT: "raced@champion" names ${won!.data.setAlias.ref}, not raced/1 as you expected: look at it again, and decide anew.`,
    )
    const moves = await forge.db.outbox.findMany({ where: { topic: 'alias.moved' } })
    expect(moves).toHaveLength(2)
  })
})

describe('the handoff of a step', () => {
  const version = '{ status reason version { ref } takenBy { ref } }'
  const handoffs = async (runId: string) =>
    (
      await forge.ask(
        `{ handoffs(runId: "${runId}") { edges { node { stepName status reason version { ref } takenBy { ref } } } } }`,
      )
    ).data.handoffs.edges.map((edge: { node: unknown }) => edge.node)

  it('is offered with its version, accepted when a version is made from it, and rejected with the run', async () => {
    const first = await forge.complete('job_h1', { modelName: 'handed', runId: 'run_1', stepName: 'teach' })
    expect(await handoffs('run_1')).toMatchObject([
      { stepName: 'teach', status: 'OFFERED', version: { ref: 'handed/1' } },
    ])
    await forge.complete('job_h2', { modelName: 'handed', runId: 'run_1', stepName: 'shrink', parents: [first.id] })
    await forge.happen('run.finished', { runId: 'run_1', pipeline: 'p', status: 'FAILED', progress: 1, steps: [] })
    expect(await handoffs('run_1')).toMatchObject([
      { stepName: 'shrink', status: 'REJECTED', reason: 'The run ended as FAILED before another step took it.' },
      { stepName: 'teach', status: 'ACCEPTED', takenBy: { ref: 'handed/2' } },
    ])
    const { data } = await forge.ask(`{ modelVersion(ref: "handed/1") { children { ref } handoffs ${version} } }`)
    expect(data.modelVersion).toMatchObject({ children: [{ ref: 'handed/2' }], handoffs: [{ status: 'ACCEPTED' }] })
  })

  it('says why a step has nothing to hand over', async () => {
    const step = { runId: 'run_2', stepName: 'teach' }
    const error = { code: 'INTERNAL', message: 'the disk is full' }
    await forge.happen('job.failed', { jobId: 'job_h3', step: 1, totalSteps: 2, error, ...step })
    expect(await handoffs('run_2')).toMatchObject([
      { status: 'REJECTED', reason: 'The job job_h3 failed: the disk is full', version: null },
    ])
    await forge.complete('job_h4', { modelName: 'handed', ...step })
    expect(await handoffs('run_2')).toMatchObject([{ status: 'OFFERED', reason: null }])
  })
})

describe('the card of a version', () => {
  it('tells seed, data, lineage, evaluation, checksum and how to load it, with the curve of its loss', async () => {
    const jobId = 'job_card'
    const origin = { runId: null, stepName: null }
    const parent = await forge.complete('job_card_parent', { modelName: 'carded' })
    await forge.happen('job.queued', {
      jobId,
      phase: 'COGNATE',
      modelName: 'carded',
      totalSteps: 2000,
      seed: 77,
      ...origin,
    })
    const points = Array.from({ length: 2000 }, (_, n) => ({
      name: 'loss',
      value: 4 - n / 1000,
      step: n + 1,
      at: '2026-01-01T00:00:00Z',
    }))
    const progress = { jobId, attempt: 1, step: 2000, totalSteps: 2000, points, ...origin }
    await forge.happen('job.progressed', progress)
    await forge.happen('job.progressed', progress)
    const { digest } = await forge.complete(jobId, { modelName: 'carded', parents: [parent.id] })

    const { data } = await forge.ask('{ modelVersion(ref: "carded/2") { card lossCurve } }')
    const { card, lossCurve } = data.modelVersion
    for (const part of [
      '# carded/2',
      '| seed | 77 |',
      '| validation_loss | 3.5 |',
      '| parents | carded/1 |',
      `\`${digest}\``,
    ]) {
      expect(card).toContain(part)
    }
    expect(card).toContain('models verify carded/2')
    expect(card).toContain('![Loss by step](loss.svg)')
    const [, drawn] = /points="([^"]+)"/.exec(lossCurve)!
    expect(drawn!.split(' ')).toHaveLength(500)
  })

  it('says which parent a version is a copy of, where it is one', async () => {
    const parent = await forge.complete('job_copied', { modelName: 'copied' }, [1, 2])
    await forge.complete('job_copy', { modelName: 'copied', parents: [parent.id] }, [1, 2])
    await forge.complete('job_other', { modelName: 'copied', parents: [parent.id] }, [1, 3])
    const { data } = await forge.ask(
      '{ copy: modelVersion(ref: "copied/2") { card } other: modelVersion(ref: "copied/3") { card } }',
    )
    expect(data.copy.card).toContain('| copy of | copied/1, whose weights it has |')
    expect(data.other.card).not.toContain('copy of')
  })
})

describe('what two versions differ in', () => {
  it('is told setting by setting, metric by metric and tensor by tensor', async () => {
    await forge.complete('job_a', { modelName: 'compared', architecture: { width: 2, layers: 1 } }, [1, 2, 3, 4])
    const change = { architecture: { width: 2, layers: 3 }, metrics: [{ name: 'validation_loss', value: 3 }] }
    await forge.complete('job_b', { modelName: 'compared', ...change }, [1, 2, 3, 7])
    const { data, errors } = await forge.ask(`{ compareVersions(a: "compared/1", b: "compared/2") {
      config { name a b } metrics { name a b change } tensors { name shapeA shapeB l2 cosine maxAbs } } }`)
    expect(errors).toBeUndefined()
    expect(data.compareVersions).toEqual({
      config: [{ name: 'architecture.layers', a: 1, b: 3 }],
      metrics: [{ name: 'validation_loss', a: 3.5, b: 3, change: -0.5 }],
      tensors: [{ name: 'w', shapeA: [2, 2], shapeB: [2, 2], l2: 3, cosine: 42 / Math.sqrt(30 * 63), maxAbs: 3 }],
    })
  })
})

describe('deleting versions', () => {
  it('shows what would go, what depends on it and what forbids it; undone, all is as before', async () => {
    const first = await forge.complete('job_d1', { modelName: 'doomed' }, [1, 2])
    await forge.complete('job_d2', { modelName: 'doomed', parents: [first.id] }, [3, 4])
    await forge.ask('mutation { setAlias(input: { ref: "doomed/1", alias: "best" }) { id } }')
    const seen = await preview('doomed/1')
    expect(seen).toMatchObject({
      versions: [{ ref: 'doomed/1' }],
      dependents: [{ ref: 'doomed/2' }],
      aliases: ['doomed@best'],
      files: 2,
    })
    const input = { refs: ['doomed/1'], token: seen.token }
    expect(failureOf(await forge.ask(deleteQuery, { input }))).toMatch(/^CONFLICT: doomed@best would name nothing/)

    await forge.ask('mutation { removeAlias(input: { model: "doomed", alias: "best" }) { id } }')
    expect(failureOf(await forge.ask(deleteQuery, { input }))).toMatch(/^CONFLICT: What would be deleted/)
    const { id } = await remove('doomed/1', 'doomed/2')
    expect([await exists('doomed/1'), await exists('doomed/2')]).toEqual([false, false])
    expect(
      (await forge.ask('{ models(filter: { nameContains: "doomed" }) { edges { cursor } } }')).data.models.edges,
    ).toEqual([])

    await forge.ask(`mutation { undoDeletion(id: "${id}") { status } }`)
    expect([await exists('doomed/1'), await exists('doomed/2')]).toEqual([true, true])
    expect(failureOf(await forge.ask(`mutation { purgeDeletion(id: "${id}") { id } }`))).toMatch(
      /^CONFLICT: .* is UNDONE/,
    )
  })

  it('lets the newest of the others be the latest', async () => {
    for (const n of [1, 2, 3]) await forge.complete(`job_l${n}`, { modelName: 'latest' })
    await remove('latest/3')
    const { data } = await forge.ask('{ modelVersion(ref: "latest") { ref } model(name: "latest") { latest { ref } } }')
    expect([data.modelVersion.ref, data.model.latest.ref]).toEqual(['latest/2', 'latest/2'])
  })

  it('is purged after a while: the bytes that no other version has are gone, and a signed proof says so', async () => {
    const own = await forge.complete('job_p1', { modelName: 'purged' }, [5, 6])
    const [weights, config] = await forge.db.file.findMany({ where: { versionId: own.id }, orderBy: { path: 'desc' } })
    const { id } = await remove('purged/1')
    await age(weights!.digest, 30 * HOUR)
    await forge.sweep()
    expect(await forge.db.version.count({ where: { id: own.id } })).toBe(1)

    forge.clock.now = new Date(Date.now() + 25 * HOUR)
    await forge.sweep()
    forge.clock.now = new Date()
    expect(await forge.db.version.count({ where: { id: own.id } })).toBe(0)
    expect(await forge.blobs.find(weights!.digest)).toBeNull()
    expect(await forge.blobs.find(config!.digest)).not.toBeNull()

    const { data } = await forge.ask(`{ modelDeletion(id: "${id}") { status proof signature keyId } modelSigningKey }`)
    const { status, proof, signature } = data.modelDeletion
    expect(status).toBe('PURGED')
    expect(verify(null, Buffer.from(proof), data.modelSigningKey, Buffer.from(signature, 'base64url'))).toBe(true)
    const { versions, bytes } = JSON.parse(proof)
    expect(versions).toEqual([{ id: own.id, ref: 'purged/1', digest: own.digest }])
    expect(bytes).toContainEqual({ digest: weights!.digest, stored: false, usedBy: [] })
    expect(bytes.find((b: { digest: string }) => b.digest === config!.digest).usedBy.length).toBeGreaterThan(0)
  })

  it('collects bytes that were sent for a model and came to none, unless a dataset has them', async () => {
    const [lost, kept] = await Promise.all(['lost', 'kept'].map(text => forge.blobs.put(Buffer.from(text))))
    for (const { digest } of [lost!, kept!]) await forge.parts.noteOrphan(digest)
    await forge.happen('dataset.added', { datasetId: 'ds_1', digest: kept!.digest })
    for (const { digest } of [lost!, kept!]) await age(digest, 2 * HOUR)
    await forge.sweep()
    expect(await forge.blobs.find(lost!.digest)).toBeNull()
    expect(await forge.blobs.find(kept!.digest)).not.toBeNull()
  })

  it('collects the content of datasets that are dropped, once no other dataset and no version has it', async () => {
    const text = await forge.stored('notes.txt', Buffer.from('notes'))
    const weights = await forge.stored('model.safetensors', Buffer.from('weights'))
    await forge.complete('job_texts', { modelName: 'texts', files: [weights, text] })
    await age(weights.digest, 2 * HOUR)
    await forge.happen('dataset.added', { datasetId: 'ds_1', digest: text.digest })
    await forge.happen('dataset.added', { datasetId: 'ds_2', digest: text.digest }, 'other')
    const isThere = async () => {
      await age(text.digest, 2 * HOUR)
      await forge.sweep()
      return (await forge.blobs.find(text.digest)) !== null
    }
    // A refused twin of theirs, and the first of them.
    await forge.happen('dataset.dropped', { datasetId: 'ds_3', digest: text.digest })
    expect(await isThere()).toBe(true)
    await forge.happen('dataset.dropped', { datasetId: 'ds_1', digest: text.digest })
    expect(await isThere()).toBe(true)

    const { id } = await remove('texts/1')
    const { data } = await forge.ask(`mutation { purgeDeletion(id: "${id}") { status proof } }`)
    expect(data.purgeDeletion.status).toBe('PURGED')
    expect(JSON.parse(data.purgeDeletion.proof).bytes).toContainEqual({
      digest: text.digest,
      stored: true,
      usedBy: ['ds_2'],
    })
    expect(await isThere()).toBe(true)

    await forge.happen('dataset.dropped', { datasetId: 'ds_2', digest: text.digest }, 'other')
    // Somebody has just stored it again.
    await forge.blobs.put(Buffer.from('notes'))
    await forge.sweep()
    expect(await forge.blobs.find(text.digest)).not.toBeNull()
    expect(await isThere()).toBe(false)
  })

  it('keeps what a trial made until its sweep decides, however long ago and whoever else had it is purged', async () => {
    const trial = async (jobId: string, text: string) => {
      const weights = await forge.stored('model.safetensors', Buffer.from(text))
      const files = [weights, await forge.stored('tokenizer.json', Buffer.from('shared by all'))]
      await forge.happen('job.completed', completedJob({ jobId, files, modelName: 'searched', registers: false }))
      return files
    }
    const isThere = async ({ digest }: { digest: string }) => (await forge.blobs.find(digest)) !== null
    const [lost, tokenizer] = await trial('job_t1', 'lost')
    const files = await trial('job_t2', 'best')
    await forge.complete('job_t0', { modelName: 'sharing', files: [lost!, tokenizer!] })

    const { id } = await remove('sharing/1')
    for (const { digest } of [...files, lost!]) await age(digest, 2 * HOUR)
    const { data } = await forge.ask(`mutation { purgeDeletion(id: "${id}") { status proof } }`)
    expect(data.purgeDeletion.status).toBe('PURGED')
    const { bytes } = JSON.parse(data.purgeDeletion.proof)
    expect(bytes).toContainEqual({ digest: tokenizer!.digest, stored: true, usedBy: ['job_t1', 'job_t2'] })
    expect(await Promise.all([...files, lost!].map(isThere))).toEqual([true, true, true])

    const job = completedJob({ jobId: 'job_t2', files, modelName: 'searched' })
    await forge.happen('sweep.completed', { sweepId: 'sweep_1', trial: 2, loss: 1, job })
    await forge.happen('weights.dropped', { jobId: 'job_t1', digest: lost!.digest })
    await forge.sweep()
    expect(await exists('searched/1')).toBe(true)
    expect(await Promise.all([...files, lost!].map(isThere))).toEqual([true, true, false])
    expect(await forge.db.heldFile.count()).toBe(0)
  })

  it('leaves bytes that an event may need which is not heard yet', async () => {
    const { digest } = await forge.stored('config.json', Buffer.from('late'))
    await forge.parts.noteOrphan(digest)
    await age(digest, 3 * HOUR)
    const isThere = async (lagMs: number) => {
      forge.clock.lagMs = lagMs
      await forge.sweep()
      return (await forge.blobs.find(digest)) !== null
    }
    expect([await isThere(2.5 * HOUR), await isThere(0)]).toEqual([true, false])
  })

  it('leaves bytes that were just stored again, until a version has them or an hour is over', async () => {
    const own = await forge.complete('job_r1', { modelName: 'racing' }, [7, 8])
    const { digest } = await forge.db.file.findFirstOrThrow({ where: { versionId: own.id, path: 'model.safetensors' } })
    const { id } = await remove('racing/1')
    await age(digest, 30 * HOUR)
    // A worker stores the same bytes, and its version is not there yet.
    const upload = await forge.stored('model.safetensors', await forge.blobs.bytes(digest))
    const { data } = await forge.ask(`mutation { purgeDeletion(id: "${id}") { status } }`)
    expect(data.purgeDeletion.status).toBe('PURGING')
    expect(await forge.blobs.find(digest)).not.toBeNull()

    await forge.complete('job_r2', { modelName: 'racing', files: [upload] })
    await forge.sweep()
    expect(await exists('racing/2')).toBe(true)
    expect(await forge.blobs.find(digest)).not.toBeNull()
    expect((await forge.ask(`{ modelDeletion(id: "${id}") { status } }`)).data.modelDeletion.status).toBe('PURGED')
  })
})

describe('retention', () => {
  it('keeps the best, the newest and what an alias names; what goes can be undone', async () => {
    const losses = [5, 1, 4, 2, 3]
    for (const [n, value] of losses.entries()) {
      await forge.complete(`job_k${n}`, { modelName: 'kept', metrics: [{ name: 'validation_loss', value }] })
    }
    await forge.ask('mutation { setAlias(input: { ref: "kept/1", alias: "first" }) { id } }')
    const { data } = await forge.ask(`mutation {
      setRetention(input: { model: "kept", keepBest: 2 }) { retention { keepBest metric largest } versions { edges { node { number } } } } }`)
    expect(data.setRetention.retention).toEqual({ keepBest: 2, metric: 'validation_loss', largest: false })
    expect(data.setRetention.versions.edges.map((e: { node: { number: number } }) => e.node.number)).toEqual([
      5, 4, 2, 1,
    ])

    const worse = await forge.complete('job_k9', {
      modelName: 'kept',
      metrics: [{ name: 'validation_loss', value: 9 }],
    })
    const { number, modelId, phase, digest } = worse
    await forge.happen('version.registered', {
      versionId: worse.id,
      modelId,
      modelName: 'kept',
      number,
      jobId: 'job_k9',
      phase: phase as 'COGNATE',
      digest,
      sizeBytes: 1,
    })
    expect(await exists('kept/5')).toBe(false)
    expect(await exists('kept/6')).toBe(true)
    const deletions = await forge.db.deletion.findMany({ where: { refs: { has: 'kept/5' } } })
    expect(deletions).toMatchObject([{ status: 'PENDING', requestedBy: 'service:models' }])
  })
})

describe('filters', () => {
  it('take tags, metrics, parents, runs and data, all of one version', async () => {
    const parent = await forge.complete('job_f1', {
      modelName: 'found',
      runId: 'run_f',
      stepName: 's',
      metrics: [{ name: 'accuracy', value: 0.5 }],
    })
    await forge.complete('job_f2', {
      modelName: 'child',
      parents: [parent.id],
      dataset: { id: 'ds', fingerprint: 'unique' },
      metrics: [{ name: 'accuracy', value: 0.9 }],
    })
    await forge.ask('mutation { updateModelVersion(input: { ref: "found/1", addTags: ["blue"] }) { id } }')
    const found = async (filter: object) =>
      (
        await forge.ask('query ($filter: ModelFilter) { models(filter: $filter) { edges { node { name } } } }', {
          filter,
        })
      ).data.models.edges.map((edge: { node: { name: string } }) => edge.node.name)
    expect(await found({ metrics: [{ name: 'accuracy', atLeast: 0.8 }] })).toEqual(['child'])
    expect(await found({ metrics: [{ name: 'accuracy', atMost: 0.8 }], versionTags: ['blue'] })).toEqual(['found'])
    expect(await found({ metrics: [{ name: 'accuracy', atLeast: 0.8 }], versionTags: ['blue'] })).toEqual([])
    expect(await found({ parentId: parent.id })).toEqual(['child'])
    expect(await found({ runId: 'run_f' })).toEqual(['found'])
    expect(await found({ datasetFingerprint: 'unique' })).toEqual(['child'])
  })
})

describe('the seal of a version', () => {
  it('names job, seed, data, parents and every file, and only the key of the forge makes it', async () => {
    const { manifest, signature, keyId, id } = await forge.complete('job_seal', { modelName: 'sealed' })
    expect(keyId).toBe(testSigner.keyId)
    const check = (text: string) =>
      verify(null, Buffer.from(text), testSigner.publicKey, Buffer.from(signature!, 'base64url'))
    expect(check(manifest!)).toBe(true)
    expect(check(manifest!.replace('sealed', 'forged'))).toBe(false)
    const files = await forge.db.file.findMany({ where: { versionId: id }, orderBy: { path: 'asc' } })
    expect(JSON.parse(manifest!)).toMatchObject({
      version: { id, model: 'sealed', number: 1 },
      madeBy: { job: 'job_seal' },
      dataset: { fingerprint: 'f' },
      files: files.map(({ path, digest, sizeBytes }) => ({ path, digest, sizeBytes: Number(sizeBytes) })),
    })
  })
})

describe('a chat', () => {
  const send = (chatId: string, text: string) =>
    forge.ask('mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id role status } }', {
      input: { chatId, text },
    })
  const read = async (id: string) =>
    (await forge.ask(`{ chat(id: "${id}") { modelVersion { ref } messages { role text status error } } }`)).data.chat

  it('keeps question and reply, tells how the reply ends, and takes one question at a time', async () => {
    await forge.complete('job_chat', { modelName: 'talker' })
    const { data } = await forge.ask('mutation { createChat(input: { model: "talker" }) { id } }')
    const { id } = data.createChat
    const { promise, resolve } = Promise.withResolvers<void>()
    forge.gate.open = promise
    const answers = await Promise.all([send(id, 'abc'), send(id, 'def')])
    resolve()
    expect(answers.map(failureOf).filter(Boolean)).toEqual([expect.stringMatching(/^CONFLICT: A reply in the chat/)])
    await until('the reply has ended', async () => (await read(id)).messages.at(-1).status === 'COMPLETE')
    const { modelVersion, messages } = await read(id)
    expect(modelVersion).toEqual({ ref: 'talker/1' })
    // The stand-in for the model turns the prompt round.
    const [question] = messages
    expect(messages).toMatchObject([
      { role: 'user', status: 'COMPLETE' },
      { role: 'assistant', text: Array.from(`User: ${question.text}\nAssistant:`).reverse().join('') },
    ])
    await until('the end is told', () =>
      forge.told.some(({ chatId, end }) => chatId === id && end?.status === 'COMPLETE'),
    )
    expect(forge.told.find(({ chatId }) => chatId === id)!.text).toBe(messages[1].text)
    expect((await send(id, 'more')).errors).toBeUndefined()
  })

  it('writes no further when its last reader has left, and keeps what there is', async () => {
    const { data } = await forge.ask('mutation { createChat(input: { model: "talker" }) { id } }')
    const { id } = data.createChat
    const writing = Promise.withResolvers<void>()
    const { generate } = forge.parts.generators
    forge.parts.generators.generate = (_version, _request, listening) =>
      new Promise((_, reject) => {
        listening!.onText!(' half a')
        listening!.signal!.addEventListener('abort', () => reject(listening!.signal!.reason))
        writing.resolve()
      })
    const before = new Date(forge.clock.now.getTime() - HOUR).toISOString()
    await send(id, 'abc')
    await writing.promise
    forge.parts.generators.generate = generate

    await forge.happen('chat.left', { chatId: id, leftAt: before })
    await forge.happen(
      'chat.left',
      { chatId: id, leftAt: new Date(forge.clock.now.getTime() + HOUR).toISOString() },
      'other',
    )
    expect((await read(id)).messages.at(-1).status).toBe('PENDING')
    await forge.happen('chat.left', { chatId: id, leftAt: new Date(forge.clock.now.getTime() + HOUR).toISOString() })
    await until('the reply has ended', async () => (await read(id)).messages.at(-1).text !== '')
    expect((await read(id)).messages.at(-1)).toMatchObject({ status: 'CANCELLED', text: 'half a', error: null })
    expect(forge.told.filter(({ chatId }) => chatId === id).at(-1)!.end).toMatchObject({ status: 'FAILED' })
    expect((await send(id, 'more')).errors).toBeUndefined()
  })

  it('of another project is not there', async () => {
    const { data } = await forge.ask('mutation { createChat(input: { model: "talker" }) { id } }')
    const stranger = identity('other')
    expect(failureOf(await forge.ask(`{ chat(id: "${data.createChat.id}") { id } }`, {}, stranger))).toMatch(
      /^NOT_FOUND/,
    )
  })
})
