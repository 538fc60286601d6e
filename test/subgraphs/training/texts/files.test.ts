import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folderFiles } from '../../../../subgraphs/training/texts/files.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'forge-texts-'))
  await mkdir(join(root, 'datasets', 'books'), { recursive: true })
  await writeFile(join(root, 'datasets', 'books', 'one.txt'), 'one')
  await writeFile(join(root, 'secret'), 'secret')
  await symlink(join(root, 'secret'), join(root, 'datasets', 'link'))
  await symlink('link', join(root, 'datasets', 'loop'))
  execFileSync('mkfifo', [join(root, 'datasets', 'pipe')])
})
afterAll(() => rm(root, { recursive: true }))

describe('the datasets folder', () => {
  it('gives the files that are in it', async () => {
    const files = folderFiles(join(root, 'datasets'))
    expect(await text(await files.open('books/one.txt'))).toBe('one')
  })

  it.each([
    '../secret',
    'link',
    'loop',
    'pipe',
    'books',
    '',
    '.',
    '/etc/passwd',
    'books/one.txt/more',
    'nothing',
    'a\u0000b',
  ])('gives nothing for %j', async path => {
    await expect(folderFiles(join(root, 'datasets')).open(path)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
