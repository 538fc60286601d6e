import { generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectForge, type Forge } from '../../client/forge.ts'
import { testSigner } from '../subgraphs/models/memory.ts'
import { type StoredForge, storedForge } from '../subgraphs/models/stored-forge.ts'

let stored: StoredForge
let forge: Forge
beforeAll(async () => {
  stored = await storedForge()
  forge = connectForge({ url: await stored.serve(), apiKey: 'forge_test' })
  const parent = await stored.complete('job_parent', { modelName: 'whale' }, [1, 2])
  await stored.complete('job_child', { modelName: 'whale', parents: [parent.id] }, [3, 4])
})
afterAll(async () => {
  await forge[Symbol.asyncDispose]()
  await stored[Symbol.asyncDispose]()
})
const failed = async (options?: { key: string }) =>
  (await forge.verify('whale/2', options)).checks.filter(({ ok }) => !ok).map(({ what, found }) => `${what}: ${found}`)

describe('verifying a version', () => {
  it('proves every byte, the signature and the lineage', async () => {
    const { ok, checks, statement } = await forge.verify('whale/2', { key: testSigner.publicKey })
    expect(ok).toBe(true)
    expect(checks.map(({ what }) => what)).toEqual(['signature', 'config.json', 'model.safetensors', 'parent whale/1'])
    expect(statement).toMatchObject({ madeBy: { job: 'job_child' }, dataset: { fingerprint: 'f' } })
  })

  it('fails with another key than the forge signs with', async () => {
    const key = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()
    expect(await failed({ key })).toEqual([expect.stringMatching(/^signature: it is signed by the key .* trusted one/)])
    await expect(forge.verify('whale/2', { key: 'what' })).rejects.toThrow(/no public Ed25519 key/)
  })

  it('finds a byte that was altered in the store', async () => {
    const file = await stored.db.file.findFirstOrThrow({
      where: { path: 'model.safetensors', version: { jobId: 'job_child' } },
    })
    const path = join(stored.folder, file.digest.slice(7, 9), file.digest.slice(9))
    const bytes = await readFile(path)
    await writeFile(path, bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1))
    expect(await failed()).toEqual([expect.stringMatching(/^model\.safetensors: the bytes broke off/)])
    await writeFile(path, bytes)
  })

  it('finds a row that was altered in the database: a manifest, or the parent that it names', async () => {
    const row = await stored.db.version.findUniqueOrThrow({ where: { jobId: 'job_child' } })
    const set = (manifest: string) => stored.db.version.update({ where: { id: row.id }, data: { manifest } })
    await set(row.manifest!.replace('"seed":null', '"seed":7'))
    expect(await failed()).toEqual(['signature: the signature is not of this manifest'])
    await set(row.manifest!)

    const parent = await stored.db.version.findUniqueOrThrow({ where: { jobId: 'job_parent' } })
    const other = { manifest: row.manifest, signature: row.signature }
    await stored.db.version.update({ where: { id: parent.id }, data: other })
    expect(await failed()).toEqual([expect.stringMatching(/^parent whale\/1: the signed manifest is of whale\/2/)])
  })
})
