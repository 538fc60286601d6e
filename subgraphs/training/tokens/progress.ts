/** What is quicker than this is not worth a sentence. */
const firstMs = 1_000
const everyMs = 10_000

/** Hears, as often as anybody likes, how much is done, from 0 to 1. */
export type Progress = (share: number) => void

/** Says in a sentence now and then how far something is. */
export function openProgress(what: string, tell: (text: string) => void, now = () => performance.now()): Progress {
  let due = now() + firstMs
  return share => {
    if (now() < due) return
    due = now() + everyMs
    tell(`${what}: ${Math.floor(100 * Math.min(1, share))} %`)
  }
}
