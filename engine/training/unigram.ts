/**
 * Entropy in nats per token of the tokens' own frequencies: −Σ p ln p. No model that ignores context can have a
 * lower loss on these tokens, so a loss well below it shows that the context is used.
 */
export function unigramEntropy(parts: Iterable<ArrayLike<number>>): number {
  const counts = new Map<number, number>()
  let total = 0
  for (const tokens of parts) {
    total += tokens.length
    for (let index = 0; index < tokens.length; index++) counts.set(tokens[index], (counts.get(tokens[index]) ?? 0) + 1)
  }
  let entropy = 0
  for (const count of counts.values()) entropy -= (count / total) * Math.log(count / total)
  return entropy
}
