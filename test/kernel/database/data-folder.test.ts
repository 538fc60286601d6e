import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { takeDataFolder } from '../../../kernel/database/data-folder.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forge data-'))
})

afterEach(() => rm(folder, { recursive: true }))

it('gives a data folder to one forge at a time, and to the next when that one has left', async () => {
  const data = join(folder, 'new', 'data')
  {
    using _first = await takeDataFolder(data)
    await expect(takeDataFolder(data)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(`already runs on the data folder ${data}`),
    })
  }
  using _second = await takeDataFolder(data)
})

it('says that a folder which cannot be made is not usable, and which variable names another', async () => {
  await writeFile(join(folder, 'file'), '')
  await expect(takeDataFolder(join(folder, 'file', 'data'))).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringMatching(/file\/data is not usable .*FORGE_DATA=FOLDER/),
  })
})
