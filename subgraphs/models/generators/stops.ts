/** Passes text on until one of the stops appears in it; holds back an end that may be the beginning of one. */
export function stopWatch(stops: readonly string[], pass: (text: string) => void) {
  let held = ''
  let isStopped = false
  return {
    get isStopped() {
      return isStopped
    },
    push(piece: string): void {
      if (isStopped) return
      held += piece
      const at = Math.min(...stops.map(stop => held.indexOf(stop)).filter(index => index >= 0))
      if (Number.isFinite(at)) {
        isStopped = true
        if (at > 0) pass(held.slice(0, at))
        return
      }
      const kept = Math.max(0, ...stops.map(stop => beginningAtEnd(held, stop)))
      const ready = held.slice(0, held.length - kept)
      held = held.slice(held.length - kept)
      if (ready !== '') pass(ready)
    },
    end(): void {
      if (!isStopped && held !== '') pass(held)
    },
  }
}

/** How many characters at the end of the text begin `stop`. */
function beginningAtEnd(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length
  }
  return 0
}
