import { copied } from './segments.ts'

// Natural text repeats its words; the bounds keep other text from filling memory.
const CACHED_SEGMENTS = 131_072
const CACHED_IDS = 1 << 20
const LONGEST_SEGMENT = 64

/**
 * The tokens of segments. They stand in one array, each run of them behind its length: as an array of its own, every run
 * would take some 200 bytes, and leave them to the garbage collector whenever the cache is full and begins anew.
 */
export function createSegmentCache() {
  const places = new Map<string, number>()
  const ids = new Int32Array(CACHED_IDS)
  let end = 0
  return {
    ids,
    /** Where in `ids` the length of the segment's tokens stands. */
    find: (segment: string): number | undefined => places.get(segment),
    add(segment: string, tokens: Int32Array): void {
      if (segment.length > LONGEST_SEGMENT) return
      if (places.size === CACHED_SEGMENTS || end + 1 + tokens.length > CACHED_IDS) {
        places.clear()
        end = 0
      }
      places.set(copied(segment), end)
      ids[end] = tokens.length
      ids.set(tokens, end + 1)
      end += 1 + tokens.length
    },
  }
}
