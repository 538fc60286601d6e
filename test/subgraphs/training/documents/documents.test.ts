import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findDocuments, storeDocuments } from '../../../../subgraphs/training/documents/content.ts'
import type { Piece } from '../../../../subgraphs/training/documents/piece.ts'
import { keeps, LOTS, lotOf, splitLots } from '../../../../subgraphs/training/documents/split.ts'
import { trainingInMemory } from '../memory.ts'

async function* batches(pieces: readonly Piece[]): AsyncGenerator<readonly Piece[]> {
  for (const piece of pieces) yield [piece]
}

/** A document cut at the given lengths. */
function cut(document: Uint8Array, lengths: readonly number[]): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  for (const length of lengths) {
    pieces.push({ bytes: document.subarray(at, at + length), isLast: false })
    at = Math.min(document.length, at + length)
  }
  return [...pieces, { bytes: document.subarray(at), isLast: true }]
}

async function stored(pieces: readonly Piece[]) {
  const { blobs } = trainingInMemory().parts
  const { blob, summary } = await storeDocuments(blobs, batches(pieces))
  const found = (await findDocuments(blobs, blob.digest))!
  const documents: string[] = []
  let parts: Uint8Array[] = []
  for await (const { bytes, isLast } of found.frames()) {
    parts.push(Uint8Array.from(bytes))
    if (!isLast) continue
    documents.push(Buffer.concat(parts).toString('hex'))
    parts = []
  }
  return { digest: blob.digest, summary, facts: found.facts, documents }
}

const document = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 5_000 }))
  .map(([seed, times]) => Buffer.concat(Array.from({ length: times }, () => seed)))
const lengths = fc.array(fc.integer({ min: 0, max: 90_000 }), { maxLength: 4 })

describe('the content of documents', () => {
  it('is the same however they were cut, and gives every document back', async () => {
    const cases = fc.array(fc.tuple(document, lengths, lengths), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(cases, async documents => {
        const one = await stored(documents.flatMap(([bytes, first]) => cut(bytes, first)))
        const other = await stored(documents.flatMap(([bytes, _, second]) => cut(bytes, second)))
        expect(one.digest).toBe(other.digest)
        expect(one.documents).toEqual(documents.map(([bytes]) => bytes.toString('hex')))
      }),
      { numRuns: 40 },
    )
  })

  it('counts what passes, and shows how some begin', async () => {
    const whole = (text: string): Piece => ({ bytes: Buffer.from(text), isLast: true })
    const { summary, facts } = await stored([whole('Grüße 🌊'), whole(''), whole('a\0b'), whole('x'.repeat(70_000))])
    expect(summary).toMatchObject({
      documents: 3,
      bytes: 12 + 3 + 70_000,
      characters: 7 + 3 + 70_000,
      shortestBytes: 3,
      longestBytes: 70_000,
    })
    expect(summary.samples.map(({ text }) => text)).toEqual(['Grüße 🌊', 'a␀b', 'x'.repeat(400)])
    expect(facts).toEqual(Object.fromEntries(Object.entries(summary).filter(([name]) => name !== 'samples')))
  })

  it('is no text, and a text is none of it', async () => {
    const { blobs } = trainingInMemory().parts
    const { digest } = await blobs.put(Buffer.from('Call me Ishmael. Some years ago, never mind how long.'))
    expect(await findDocuments(blobs, digest)).toBeNull()
  })
})

describe('the split', () => {
  const lots = (documents: readonly string[]) => {
    const bytes = new Float64Array(LOTS)
    for (const text of documents) bytes[lotOf(Buffer.from(text))]! += Buffer.byteLength(text)
    return bytes
  }
  const isKept = ({ validationLots, passedOver = [] }: ReturnType<typeof splitLots>, lot: number) =>
    lot < validationLots! && !passedOver.includes(lot)
  const bytesOf = (sizes: readonly number[]) => sizes.reduce((sum, bytes) => sum + bytes, 0)

  it('keeps close to the share of many documents, and says so in a few numbers', () => {
    const documents = Array.from({ length: 5_000 }, (_, index) => `document ${index} ${'x'.repeat(index % 100)}`)
    const bytes = lots(documents)
    const split = splitLots(bytes, 0.1)
    const kept = bytesOf(Array.from(bytes).filter((_, lot) => isKept(split, lot))) / bytesOf(Array.from(bytes))
    expect(kept).toBeGreaterThan(0.098)
    expect(kept).toBeLessThan(0.102)
    expect(split.passedOver).toBeUndefined()
  })

  it('is off by at most half of the largest document, or less than the smallest where that is too much already', () => {
    const sizes = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 1_000_000 }))
    const documents = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: LOTS - 1 }), sizes), {
      minLength: 2,
      maxLength: 60,
      selector: ([lot]) => lot,
    })
    fc.assert(
      fc.property(documents, of => {
        const bytes = new Float64Array(LOTS)
        for (const [lot, size] of of) bytes[lot] = size
        const split = splitLots(bytes, 0.1)
        const kept = of.filter(([lot]) => isKept(split, lot)).map(([, size]) => size)
        const all = of.map(([, size]) => size)
        const wanted = 0.1 * bytesOf(all)
        const most = Math.max(0.01 * wanted, Math.max(...all) / 2, Math.min(...all) - wanted)
        expect(Math.abs(bytesOf(kept) - wanted)).toBeLessThanOrEqual(most + 1e-6)
        expect(kept.length).toBeGreaterThan(0)
        expect(kept.length).toBeLessThan(of.length)
        expect((split.passedOver ?? []).length).toBeLessThanOrEqual(500)
      }),
      { numRuns: 1_000 },
    )
  })

  it('passes over a document that is most of all, wherever its hash puts it', () => {
    const large = 'large '.repeat(10_000)
    const others = Array.from({ length: 40 }, (_, index) => `small ${index} `.repeat(50))
    const split = splitLots(lots([large, ...others]), 0.1)
    const [ofLarge, ...ofOthers] = [large, ...others].map(text => keeps(split)(Buffer.from(text)))
    expect(ofLarge).toBe(false)
    expect(ofOthers).toContain(true)
  })

  it('leaves something on both sides, of two documents too', () => {
    const split = splitLots(lots(['one', 'another']), 0.1)
    expect(['one', 'another'].map(text => keeps(split)(Buffer.from(text)))).toEqual([true, false])
  })

  it('reads the split of a content that was stored before lots were passed over', () => {
    const [one, other] = ['one', 'another'].map(text => Buffer.from(text))
    const validationLots = Math.min(lotOf(one!), lotOf(other!)) + 1
    expect([one!, other!].map(keeps({ validationLots })).toSorted()).toEqual([false, true])
  })

  it('cannot keep whole documents where all are the same', () => {
    expect(splitLots(lots(['one', 'one', 'one']), 0.1)).toEqual({ validationLots: null })
    expect(splitLots(lots([]), 0.1)).toEqual({ validationLots: null })
    expect(keeps({ validationLots: null })(Buffer.from('one'))).toBe(false)
  })
})
