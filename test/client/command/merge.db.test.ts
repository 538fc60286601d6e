import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { storedForge } from '../../subgraphs/models/stored-forge.ts'
import { writeModel } from './merge-folders.ts'
import { command } from './screen.ts'

it('a merge can be imported into the forge', async () => {
  await using forge = await storedForge()
  const url = await forge.serve()
  const root = await mkdtemp(join(tmpdir(), 'forge-merge-'))
  await using _ = { [Symbol.asyncDispose]: () => rm(root, { recursive: true }) }
  await writeModel(join(root, 'a'), 1)
  await writeModel(join(root, 'b'), 2)
  const [recipe, out] = [join(root, 'recipe.yml'), join(root, 'out')]
  const [a, b] = [join(root, 'a'), join(root, 'b')]
  await writeFile(
    recipe,
    `merge_method: nearswap\nbase_model: ${a}\ndtype: float16\nmodels: [{ model: ${b} }]\nparameters: { t: 0.01 }\n`,
  )
  const { status, stderr } = await command(url, 'merge', recipe, out)
  expect([status, stderr]).toEqual([0, ''])
  const imported = await command(url, 'models', 'import', out, 'merged')
  expect(imported.stderr).toBe('')
  expect(imported.stdout).toMatch(/merged\/1/)
})
