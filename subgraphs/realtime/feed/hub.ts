import type { Bus, BusEvent } from '../../../kernel/bus/bus.ts'
import { createEar, type OpenEar } from './ear.ts'
import type { Hub, Selection } from './ports.ts'

/** Events that one subscriber may have waiting. */
const earLimit = 1_000

const everything = Symbol('every key')

/** Opens the one tail that all subscribers of this process live on. */
export async function openHub(bus: Bus, limit = earLimit): Promise<Hub> {
  const ears = new Map<string | symbol, Map<OpenEar, Selection>>()
  const closing = new AbortController()
  const after = await bus.head()

  const push = (event: BusEvent, key: string | symbol) => {
    for (const [ear, { topics, wants }] of ears.get(key) ?? []) {
      if ((topics === undefined || topics.includes(event.topic)) && (wants?.(event) ?? true)) ear.push(event)
    }
  }
  const pass = async () => {
    for await (const batch of bus.tail({ after, signal: closing.signal })) {
      for (const event of batch) {
        push(event, event.key)
        push(event, everything)
      }
    }
  }
  const passing = pass()

  return {
    listen(selection) {
      const key = selection.key ?? everything
      const group = ears.get(key) ?? new Map<OpenEar, Selection>()
      const ear = createEar(limit, closed => {
        group.delete(closed)
        if (group.size === 0) ears.delete(key)
      })
      ears.set(key, group.set(ear, selection))
      return ear
    },
    async [Symbol.asyncDispose]() {
      closing.abort()
      await passing
    },
  }
}
