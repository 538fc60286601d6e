import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findDocuments, storeDocuments } from '../../../../subgraphs/training/documents/content.ts'
import type { Piece } from '../../../../subgraphs/training/documents/piece.ts'
import { LOTS, lotOf, validationLots } from '../../../../subgraphs/training/documents/split.ts'
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

  it('keeps close to the share of many documents', () => {
    const documents = Array.from({ length: 5_000 }, (_, index) => `document ${index} ${'x'.repeat(index % 100)}`)
    const bytes = lots(documents)
    const limit = validationLots(bytes, 0.1)!
    const kept = bytes.subarray(0, limit).reduce((sum, lot) => sum + lot, 0) / bytes.reduce((sum, lot) => sum + lot, 0)
    expect(kept).toBeGreaterThan(0.098)
    expect(kept).toBeLessThan(0.102)
  })

  it('leaves something on both sides, of two documents too', () => {
    const bytes = lots(['one', 'another'])
    const limit = validationLots(bytes, 0.1)!
    expect([lotOf(Buffer.from('one')) < limit, lotOf(Buffer.from('another')) < limit].toSorted()).toEqual([false, true])
  })

  it('cannot keep whole documents where all are the same', () => {
    expect(validationLots(lots(['one', 'one', 'one']), 0.1)).toBeNull()
    expect(validationLots(lots([]), 0.1)).toBeNull()
  })
})
