import { busConformance } from './conformance.ts'
import { openMemoryBus } from './memory.ts'

busConformance('the event log in memory', async () => {
  let bus: ReturnType<typeof openMemoryBus> | undefined
  return {
    open: async retention => {
      bus ??= openMemoryBus(retention)
      return bus
    },
    async [Symbol.asyncDispose]() {},
  }
})
