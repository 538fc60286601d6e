/** Cuts bytes into text, where they are valid UTF-8, and the runs of bytes between, where they are not. */
export function* utf8Segments(bytes: Uint8Array): Generator<string | Uint8Array> {
  // A byte order mark is text like any other here: decoding must give it back.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let at = 0
  while (at < bytes.length) {
    const start = at
    for (let length = characterLength(bytes, at); length > 0; length = characterLength(bytes, at)) at += length
    if (at > start) yield decoder.decode(bytes.subarray(start, at))

    const broken = at
    while (at < bytes.length && characterLength(bytes, at) === 0) at++
    if (at > broken) yield bytes.subarray(broken, at)
  }
}

/** Bytes of the character that begins here, or 0 if none does (Unicode 15, table 3-7: well-formed UTF-8). */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]
  if (first < 0x80) return 1
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
  if (!(first >= 0xc2 && first <= 0xf4) || at + length > bytes.length) return 0

  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (bytes[at + 1] < lowest || bytes[at + 1] > highest) return 0
  for (let next = at + 2; next < at + length; next++) if ((bytes[next] & 0xc0) !== 0x80) return 0
  return length
}
