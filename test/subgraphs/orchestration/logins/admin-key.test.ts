import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newSecret } from '../../../../subgraphs/orchestration/identities/key.ts'
import { revokeApiKey, verifyKey } from '../../../../subgraphs/orchestration/identities/service.ts'
import { ensureAdminKey } from '../../../../subgraphs/orchestration/logins/admin-key.ts'
import { adminKeyFile } from '../../../../subgraphs/orchestration/logins/admin-key-file.ts'
import { admin, memoryKeys, standingClock } from '../memory.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forge-admin-key-'))
})
afterEach(() => rm(folder, { recursive: true }))

const path = () => join(folder, 'data', 'admin-key')
const written = async () => (await readFile(path(), 'utf8')).trim()

function setUp() {
  const { keys, all } = memoryKeys()
  const parts = { keys, now: standingClock().now }
  return { all, parts, start: (given?: string) => ensureAdminKey(parts, adminKeyFile(join(folder, 'data')), given) }
}

describe('the first admin key', () => {
  it('is written to a file that only its owner reads, and kept over later starts', async () => {
    const { parts, start, all } = setUp()
    await start()
    expect((await stat(path())).mode & 0o777).toBe(0o600)
    expect((await verifyKey(parts, await written())).identity.project).toBe('*')
    const before = await written()
    await start()
    expect(await written()).toBe(before)
    expect(all()).toHaveLength(1)
  })

  it('is made anew, and the lost one revoked, when the file is gone', async () => {
    const { parts, start } = setUp()
    await start()
    const lost = await written()
    await rm(path())
    await start()
    await verifyKey(parts, await written())
    await expect(verifyKey(parts, lost)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('is made anew when the file holds a key that is unknown or was revoked', async () => {
    const { parts, start, all } = setUp()
    await start()
    await revokeApiKey(parts, admin, all()[0]!.id)
    await start()
    await writeFile(path(), 'forge_of_another_database\n')
    await start()
    expect((await verifyKey(parts, await written())).identity.scopes).toContain('identity:write')
    expect(all()).toHaveLength(3)
  })

  it('does not follow a link that stands in its place', async () => {
    const { start } = setUp()
    await start()
    const elsewhere = join(folder, 'elsewhere')
    await writeFile(elsewhere, 'of somebody else')
    await rm(path())
    await symlink(elsewhere, path())
    await start()
    expect(await readFile(elsewhere, 'utf8')).toBe('of somebody else')
    expect((await stat(path())).mode & 0o777).toBe(0o600)
  })

  it('comes from FORGE_ADMIN_KEY where that is set, and then no file is written', async () => {
    const { parts, start, all } = setUp()
    const given = newSecret('forge')
    await start(given)
    await start(given)
    expect(all()).toHaveLength(1)
    await verifyKey(parts, given)
    await expect(stat(path())).rejects.toMatchObject({ code: 'ENOENT' })
    await revokeApiKey(parts, admin, all()[0]!.id)
    await expect(start(given)).rejects.toMatchObject({ code: 'CONFLICT' })
  })
})
