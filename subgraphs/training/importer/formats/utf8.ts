import { isUtf8 } from 'node:buffer'
import { utf8Segments } from '../../../../engine/tokenizing/utf8.ts'
import { notUtf8 } from '../errors.ts'

const BOM = Buffer.from([0xef, 0xbb, 0xbf])

/** Lets UTF-8 through, without the mark that some programs put before it; what is cut inside a character is put together. */
export async function* utf8Checked(name: string, content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  let passed = 0
  for await (const chunk of content) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    const whole = bytes.subarray(0, wholeCharacters(bytes))
    if (!isUtf8(whole)) throw notUtf8(name, passed + firstBroken(whole))
    const isMarked = passed === 0 && whole.subarray(0, BOM.length).equals(BOM)
    rest = bytes.subarray(whole.length)
    passed += whole.length
    yield isMarked ? whole.subarray(BOM.length) : whole
  }
  if (rest.length > 0) throw notUtf8(name, passed)
}

/** Bytes up to the last character that could be cut: a lead byte that wants more than what follows. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!
    if ((byte & 0xc0) === 0x80) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

function firstBroken(bytes: Uint8Array): number {
  let at = 0
  for (const part of utf8Segments(bytes)) {
    if (typeof part !== 'string') return at
    at += Buffer.byteLength(part)
  }
  return at
}
