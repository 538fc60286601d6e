import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EngineError } from '../../../engine/errors.ts'
import { huggingFaceFiles, readHuggingFace } from '../../../engine/formats/huggingface.ts'
import { inspectHuggingFace } from '../../../engine/formats/huggingface-inspection.ts'
import { readSafetensors, writeSafetensors } from '../../../engine/formats/safetensors.ts'
import { parseHeader } from '../../../engine/formats/safetensors-header.ts'
import { compareTensors } from '../../../engine/formats/tensor-comparison.ts'
import { END_OF_TEXT } from '../../../engine/tokenizing/tokenizer.ts'
import { trainTokenizer } from '../../../engine/tokenizing/training.ts'
import { livelyParameters, tinyConfig } from '../tiny-decoder.ts'
import { sample } from '../tokenizing/sample.ts'

const config = { ...tinyConfig, vocabularySize: 304, layers: 1 }
const tokenizer = trainTokenizer(sample, { vocabularySize: 300, specialTokens: [END_OF_TEXT] })
const files = huggingFaceFiles({ config, parameters: livelyParameters(config, 1), tokenizer })
const weights = writeSafetensors({
  a: { shape: [2, 3], data: new Float32Array(6) },
  b: { shape: [4], data: Float32Array.of(1, 2, 3, 4) },
})

/** A file after up to eight changes: bytes replaced, cut out, put in, or the end cut off. */
const mutationsOf = (bytes: Uint8Array) =>
  fc
    .array(
      fc.record({
        at: fc.nat(bytes.length - 1),
        kind: fc.constantFrom('replace', 'cut', 'insert', 'end'),
        content: fc.uint8Array({ minLength: 1, maxLength: 12 }),
      }),
      { minLength: 1, maxLength: 8 },
    )
    .map(changes =>
      changes.reduce((file: Buffer, { at, kind, content }) => {
        const place = Math.min(at, file.length)
        const [before, after] = [file.subarray(0, place), file.subarray(place)]
        if (kind === 'replace') return Buffer.concat([before, content, after.subarray(content.length)])
        if (kind === 'cut') return Buffer.concat([before, after.subarray(content.length)])
        return kind === 'insert' ? Buffer.concat([before, content, after]) : before
      }, Buffer.from(bytes)),
    )

/** Either it is read, or it is refused in words; and no more memory is taken than the file's size could explain. */
function readsOrRefuses(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    expect(error).toBeInstanceOf(EngineError)
    expect((error as EngineError).code).toBe('INVALID_INPUT')
    expect((error as Error).message.length).toBeLessThan(20_000)
  }
}

describe('files that were altered at random', { timeout: 120_000 }, () => {
  it('as safetensors are read or refused in words', () => {
    fc.assert(
      fc.property(mutationsOf(weights), bytes => readsOrRefuses(() => readSafetensors(bytes))),
      { numRuns: 3_000 },
    )
  })

  it('as safetensors never hold more than there is', () => {
    fc.assert(
      fc.property(mutationsOf(weights), bytes => {
        readsOrRefuses(() => {
          const { tensors } = readSafetensors(bytes)
          const held = [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0)
          expect(held).toBeLessThanOrEqual(2 * bytes.length)
        })
      }),
      { numRuns: 1_000 },
    )
  })

  it('as configuration, tokenizer or weights of a model are read or refused in words', () => {
    for (const [name, numRuns] of [
      ['config.json', 1_500],
      ['tokenizer.json', 150],
      ['model.safetensors', 300],
    ] as const) {
      const property = fc.property(mutationsOf(files[name]!), bytes =>
        readsOrRefuses(() => readHuggingFace({ ...files, [name]: bytes })),
      )
      fc.assert(property, { numRuns })
    }
  })

  it('as settings with values of any kind and size are refused before anything is made of them', () => {
    const settings = JSON.parse(Buffer.from(files['config.json']!).toString())
    const tokenizerJson = JSON.parse(Buffer.from(files['tokenizer.json']!).toString())
    const header = parseHeader(files['model.safetensors']!)
    const anything = fc.oneof(
      fc.integer(),
      fc.double(),
      fc.constantFrom(0, -1, 2 ** 31, 2 ** 53, 1e308),
      fc.string(),
      fc.constant(null),
    )
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(settings)), anything, (key, value) =>
        readsOrRefuses(() => inspectHuggingFace({ ...settings, [key]: value }, tokenizerJson, header)),
      ),
      { numRuns: 2_000 },
    )
  })

  it('are compared or refused in words', async () => {
    const fileOf = (bytes: Uint8Array) => ({
      sizeBytes: bytes.length,
      async *bytes(begin: number, end: number) {
        yield bytes.subarray(begin, end)
      },
      async read(begin: number, end: number) {
        return this.bytes(begin, end)
      },
    })
    await fc.assert(
      fc.asyncProperty(mutationsOf(weights), async bytes => {
        const compared = Array.fromAsync(compareTensors(fileOf(weights), fileOf(bytes)))
        const error = await compared.then(
          () => null,
          error => error,
        )
        if (error) expect(error).toBeInstanceOf(EngineError)
      }),
      { numRuns: 500 },
    )
  })
})
