import type { Decoder } from '../../engine/generation/decoder.ts'

/** Our logits after each of the tokens, [tokens][vocabulary], read one by one. */
export async function readLogits(decoder: Decoder, ids: readonly number[]): Promise<Float32Array[]> {
  let reading = await decoder.prefill(ids.slice(0, 1))
  const rows = [reading.logits.slice()]
  for (const id of ids.slice(1)) {
    reading = await reading.read(id)
    rows.push(reading.logits.slice())
  }
  reading[Symbol.dispose]()
  return rows
}

/** max |Δ| over all logits. */
export function differenceOf(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  const ofRows = a.map((row, at) => row.reduce((most, logit, id) => Math.max(most, Math.abs(logit - b[at]![id]!)), 0))
  return Math.max(...ofRows)
}

/** Mean of −log softmax(logits)[next]. */
export function lossOf(rows: readonly Float32Array[], ids: readonly number[]): number {
  const losses = ids.slice(1).map((next, at) => {
    const row = rows[at]!
    const most = row.reduce((a, b) => Math.max(a, b))
    return most + Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - most), 0)) - row[next]!
  })
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length
}
