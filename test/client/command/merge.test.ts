import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openMergeModels } from '../../../client/command/merge-models.ts'
import type { Forge } from '../../../client/forge.ts'
import { readHuggingFace } from '../../../engine/formats/huggingface.ts'
import { mergeConfig, writeModel } from './merge-folders.ts'
import { command } from './screen.ts'

let root: string
let a: Record<string, Float32Array>
let b: Record<string, Float32Array>
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'forge-merge-'))
  a = await writeModel(join(root, 'a'), 1)
  b = await writeModel(join(root, 'b'), 2)
  await writeModel(join(root, 'base'), 3)
  await writeModel(join(root, 'wide'), 4, { config: { ...mergeConfig, feedForward: 32, layers: 2 } })
  await writeModel(join(root, 'foreign'), 5, { text: 'Ein ganz anderer Text mit anderen Wörtern. '.repeat(50) })
})
afterAll(() => rm(root, { recursive: true }))

let runs = 0
/** Writes the recipe, with the folders' names made whole, and runs it. */
async function merge(recipe: string, ...options: string[]) {
  const out = join(root, `out-${runs++}`)
  const file = `${out}.yml`
  await writeFile(file, recipe.replaceAll('@', `${root}/`))
  const { status, stderr } = await command('http://127.0.0.1:9', 'merge', file, out, ...options)
  const load = async () => {
    const names = await readdir(out)
    const contents = names.map(async name => [name, await readFile(join(out, name))] as const)
    return readHuggingFace(Object.fromEntries(await Promise.all(contents)))
  }
  return { status, stderr, out, load }
}
const refused = async (recipe: string, ...options: string[]) => {
  const { status, stderr } = await merge(recipe, ...options)
  expect(status).toBe(1)
  return stderr
}
const mixed = (name: string, weight: number) =>
  a[name]!.map((value, index) => (1 - weight) * value + weight * b[name]![index]!)

describe('forge merge', () => {
  it('mixes two folders into one that loads, with filters and gradients by layer', async () => {
    const { status, stderr, load, out } = await merge(`
merge_method: linear
models:
  - model: "@a"
    parameters:
      weight:
        - filter: mlp
          value: 1
        - value: [1, 0]
  - model: "@b"
    parameters:
      weight:
        - filter: mlp
          value: 3
        - value: [0, 1]
`)
    expect([status, stderr]).toEqual([0, ''])
    const { parameters, config } = await load()
    expect(config).toEqual(mergeConfig)
    expect(parameters['model.layers.1.mlp.up_proj.weight']).toEqual(mixed('model.layers.1.mlp.up_proj.weight', 0.75))
    for (const [layer, weight] of [0, 0.5, 1].entries()) {
      const name = `model.layers.${layer}.self_attn.q_proj.weight`
      expect(parameters[name]).toEqual(mixed(name, weight))
    }
    // What comes before the layers is at the beginning of the gradient, what comes after at its end.
    expect(parameters['model.embed_tokens.weight']).toEqual(a['model.embed_tokens.weight'])
    expect(parameters['model.norm.weight']).toEqual(b['model.norm.weight'])
    expect(await readFile(join(out, 'mergekit_config.yml'), 'utf8')).toContain('merge_method: linear')
  })

  it('stacks layers of two models', async () => {
    const { stderr, load } = await merge(`
merge_method: passthrough
slices:
  - sources: [{ model: "@a", layer_range: [0, 2] }]
  - sources: [{ model: "@b", layer_range: [1, 3], parameters: { scale: 0.5 } }]
`)
    expect(stderr).toBe('')
    const { parameters, config } = await load()
    expect(config.layers).toBe(4)
    const name = (layer: number) => `model.layers.${layer}.mlp.down_proj.weight`
    expect(parameters[name(1)]).toEqual(a[name(1)])
    expect(parameters[name(2)]).toEqual(b[name(1)]!.map(value => value * 0.5))
    expect(parameters[name(3)]).toEqual(b[name(2)]!.map(value => value * 0.5))
    expect(parameters['model.norm.weight']).toEqual(b['model.norm.weight']!.map(value => value * 0.5))
  })

  it('writes several files above a size, in the numbers that are asked for', async () => {
    const recipe = `
merge_method: slerp
base_model: "@a"
dtype: bfloat16
models: [{ model: "@a" }, { model: "@b" }]
parameters: { t: 0 }
`
    const { stderr, load, out } = await merge(recipe, '--shard-size', '0.000004')
    expect(stderr).toBe('')
    const names = (await readdir(out)).filter(name => name.endsWith('.safetensors'))
    expect(names.length).toBeGreaterThan(2)
    const index = JSON.parse(await readFile(join(out, 'model.safetensors.index.json'), 'utf8'))
    expect(new Set(Object.values(index.weight_map))).toEqual(new Set(names))
    expect(JSON.parse(await readFile(join(out, 'config.json'), 'utf8')).torch_dtype).toBe('bfloat16')
    // t 0 is the base, rounded to 8 bits of mantissa.
    const { parameters } = await load()
    for (const [name, values] of Object.entries(a)) {
      for (const [place, value] of values.entries()) {
        expect(Math.abs(parameters[name]![place]! - value)).toBeLessThanOrEqual(Math.abs(value) / 256)
      }
    }
    // And what was written in shards is a model for the next merge.
    const again = await merge(recipe.replace('@b', `${out}`).replace('bfloat16', 'float32'))
    expect(again.stderr).toBe('')
  })

  it('draws the same masks of the same seed', async () => {
    const recipe = `
merge_method: dare_ties
base_model: "@base"
models:
  - { model: "@a", parameters: { weight: 0.5, density: 0.4 } }
  - { model: "@b", parameters: { weight: 0.5, density: 0.4 } }
`
    const [one, two, other] = await Promise.all(
      ['7', '7', '8'].map(async seed => {
        const { stderr, out } = await merge(recipe, '--seed', seed)
        expect(stderr).toBe('')
        return readFile(join(out, 'model.safetensors'))
      }),
    )
    expect(one!.equals(two!)).toBe(true)
    expect(one!.equals(other!)).toBe(false)
  })
})

it('a model that is no folder is fetched from the forge, and goes when the merge has ended', async () => {
  const folder = join(root, 'fetching')
  const asked: string[] = []
  const download = async (ref: string, place: string) => {
    asked.push(ref)
    await cp(join(root, 'b'), place, { recursive: true })
    return { folder: place } as Awaited<ReturnType<Forge['download']>>
  }
  const { signal } = new AbortController()
  {
    const names = [join(root, 'a'), 'mine/3']
    await using models = await openMergeModels(names, { forge: { download }, folder, signal, onProgress() {} })
    const { data } = await models.read({ model: 'mine/3', tensor: 'model.norm.weight' })
    expect(data).toEqual(b['model.norm.weight'])
    expect(await readdir(folder)).toEqual(['.models'])
  }
  expect(asked).toEqual(['mine/3'])
  expect(await readdir(folder)).toEqual([])
})

describe('forge merge refuses', () => {
  const two = (first: string, second: string, rest = '') => `
merge_method: linear
models:
  - { model: "@${first}", parameters: { weight: 1 } }
  - { model: "@${second}", parameters: { weight: 1 } }
${rest}`

  it('parents of different architectures, naming the sizes', async () => {
    const said = await refused(two('a', 'wide'))
    expect(said).toMatch(
      /a and .*wide are of different architectures \(intermediate_size 24 and 32, num_hidden_layers 3 and 2\)/,
    )
  })
  it('models of different tokenizers', async () => {
    expect(await refused(two('a', 'foreign'))).toMatch(/the tokenizers of .*a and .*foreign differ/)
  })
  it.each([
    ['an unknown method', two('a', 'b').replace('linear', 'soup'), /no merge method "soup": take one of linear/],
    [
      'a parameter that is missing',
      two('a', 'b').replace(', parameters: { weight: 1 }', ''),
      /needs the parameter weight/,
    ],
    ['a parameter that the method lacks', two('a', 'b', 'parameters: { t: 0.5 }'), /linear has no parameter t here/],
    [
      'a parameter out of range',
      'merge_method: slerp\nbase_model: "@a"\nmodels: [{ model: "@b" }]\nparameters: { t: 2 }',
      /t is 2: it must be from 0 to 1/,
    ],
    ['an unknown setting', two('a', 'b', 'denstiy: 1'), /no setting denstiy/],
    ['a folder that is not there', two('a', 'nowhere'), /no folder .*nowhere, and it is no version/],
    ['a method without its base', two('a', 'b').replace('linear', 'ties'), /ties needs a base_model/],
    ['no YAML', 'models: [', /is no YAML: .* at line 1, column \d+\.$/m],
    [
      'a layer range beyond the model',
      'merge_method: passthrough\nslices: [{ sources: [{ model: "@a", layer_range: [2, 5] }] }]',
      /layer_range \[2, 5\] of .*a does not fit: it has the layers 0 to 3/,
    ],
    [
      'slices of unequal length',
      'merge_method: karcher\nslices: [{ sources: [{ model: "@a", layer_range: [0, 2] }, { model: "@b", layer_range: [0, 3] }] }]',
      /have 2 and 3 layers/,
    ],
  ])('%s', async (_, recipe, reason) => {
    expect(await refused(recipe)).toMatch(reason)
  })
  it('a model of which a tensor is missing', async () => {
    await writeModel(join(root, 'torn'), 6)
    const file = join(root, 'torn', 'config.json')
    await writeFile(file, (await readFile(file, 'utf8')).replace('"num_hidden_layers": 3', '"num_hidden_layers": 4'))
    expect(await refused(two('a', 'torn'))).toMatch(/torn cannot be merged: it has 3 layers, and config.json says 4/)
  })
  it('to write over another model', async () => {
    const { out } = await merge(two('a', 'b'))
    const { stderr } = await command('http://127.0.0.1:9', 'merge', `${out}.yml`, out)
    expect(stderr).toMatch(/holds a model already/)
  })
})
