import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EngineError } from '../../../engine/errors.ts'
import { readSafetensors, safetensorsParts, writeSafetensors } from '../../../engine/formats/safetensors.ts'

// What safetensors 0.8.0 for Python writes for a = [0.5], b = [[1, -2]] and metadata {format: 'pt'}.
const reference = Buffer.concat([
  Buffer.from('9000000000000000', 'hex'),
  Buffer.from('{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'),
  Buffer.from('"b":{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]}}   '),
  Buffer.from('0000003f0000803f000000c0', 'hex'),
])
const tensors = {
  b: { shape: [1, 2], data: Float32Array.of(1, -2) },
  a: { shape: [1], data: Float32Array.of(0.5) },
}

function file(header: unknown, data = Buffer.alloc(8), claimed?: bigint): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(claimed ?? BigInt(json.length))
  return Buffer.concat([length, json, data])
}

const f32 = (shape: unknown, ...data_offsets: unknown[]) => ({ dtype: 'F32', shape, data_offsets })

describe('writing safetensors', () => {
  it('writes byte for byte what the reference implementation writes', () => {
    expect(Buffer.from(writeSafetensors(tensors)).equals(reference)).toBe(true)
  })

  it('begins the data on a multiple of 8 bytes, whatever the names', () => {
    fc.assert(
      fc.property(fc.string(), name => {
        fc.pre(name !== '__metadata__')
        const [header] = safetensorsParts({ [name]: { shape: [1], data: Float32Array.of(1) } }, {})
        expect(header.length % 8).toBe(0)
      }),
    )
  })

  it('refuses a tensor whose shape does not hold its numbers', () => {
    expect(() => writeSafetensors({ a: { shape: [3], data: Float32Array.of(1, 2) } })).toThrow(
      /"a" of shape \[3\].* 2 numbers/,
    )
  })
})

describe('reading safetensors', () => {
  it('reads what the reference implementation wrote', () => {
    const { tensors: read, metadata } = readSafetensors(reference)
    expect(metadata).toEqual({ format: 'pt' })
    expect(Object.fromEntries(read)).toEqual(tensors)
  })

  it('gives back every bit that was written, wherever the bytes lie in memory', () => {
    const data = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }))
    const named = fc.dictionary(
      fc.string().filter(name => name !== '__metadata__'),
      data,
    )
    fc.assert(
      fc.property(named, fc.integer({ min: 0, max: 7 }), (lists, shift) => {
        const written = Object.entries(lists).map(([name, bits]) => {
          return [name, { shape: [bits.length], data: new Float32Array(Uint32Array.from(bits).buffer) }] as const
        })
        const bytes = writeSafetensors(Object.fromEntries(written))
        const shifted = Buffer.concat([Buffer.alloc(shift), bytes]).subarray(shift)
        const { tensors: read } = readSafetensors(shifted)
        expect(read.size).toBe(written.length)
        for (const [name, { data }] of written) expect(bits(read.get(name)!.data)).toEqual(bits(data))
      }),
    )
  })

  it.each([
    ['a file without a header', Buffer.alloc(3), /3 bytes/],
    ['a header longer than the file', file({}, Buffer.alloc(0), 1_000_000n), /claims 1000000 bytes/],
    ['a header of 2^64 - 1 bytes', file({}, Buffer.alloc(0), 2n ** 64n - 1n), /claims 18446744073709551615/],
    ['a header that is not JSON', file('{"a":'), /not JSON/],
    ['a header that is not UTF-8', Buffer.concat([Buffer.from('0100000000000000ff', 'hex')]), /not JSON/],
    ['a header that is a list', file([]), /not a JSON object/],
    ['metadata that is not strings', file({ __metadata__: { a: 1 } }), /__metadata__/],
    ['a tensor that is a number', file({ a: 1 }), /"a" is not described/],
    ['another dtype', file({ a: { ...f32([4], 0, 8), dtype: 'I64' } }), /"a" has dtype "I64"/],
    ['a negative size', file({ a: f32([-2], 0, 8) }), /shape \[-2\]/],
    ['a shape that is no list', file({ a: f32('2', 0, 8) }), /shape "2"/],
    ['a shape of more elements than numbers count', file({ a: f32([2 ** 40, 2 ** 40], 0, 8) }), /span 8/],
    ['offsets the wrong way round', file({ a: f32([2], 8, 0) }), /data_offsets \[8,0\]/],
    ['three offsets', file({ a: f32([2], 0, 4, 8) }), /data_offsets/],
    ['a size that its shape does not have', file({ a: f32([3], 0, 8) }), /takes 12 bytes .* span 8/],
    ['tensors that overlap', file({ a: f32([2], 0, 8), b: f32([1], 4, 8) }), /"b" begins at byte 4 .* 8/],
    ['a gap before the first tensor', file({ a: f32([1], 4, 8) }), /"a" begins at byte 4/],
    ['a tensor beyond the end', file({ a: f32([250_000_000], 0, 1_000_000_000) }), /end at byte 1000000000 .* 8/],
    ['data that no tensor owns', file({ a: f32([1], 0, 4) }), /end at byte 4 and its data at 8/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(message)
  })

  it('reads or refuses a damaged file, and never fails in another way', () => {
    const damage = fc.array(fc.tuple(fc.nat(reference.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(damage, fc.nat(reference.length), (changes, length) => {
        const bytes = Buffer.from(reference)
        for (const [at, value] of changes) bytes[at] = value
        for (const version of [bytes, bytes.subarray(0, length)]) {
          try {
            readSafetensors(version)
          } catch (error) {
            expect(error).toBeInstanceOf(EngineError)
          }
        }
      }),
      { numRuns: 2000 },
    )
  })
})

function bits(data: Float32Array): number[] {
  return Array.from(new Uint32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)))
}

it.each([
  ['F16', new Uint8Array(new Float16Array([1, -2.5]).buffer)],
  // The upper halves of 1 and -2.5 in 32 bits.
  ['BF16', Uint8Array.of(0x80, 0x3f, 0x20, 0xc0)],
])('reads %s as 32-bit numbers', (dtype, bytes) => {
  const { tensors } = readSafetensors(file({ a: { dtype, shape: [2], data_offsets: [0, 4] } }, Buffer.from(bytes)))
  expect(tensors.get('a')!.data).toEqual(Float32Array.of(1, -2.5))
})
