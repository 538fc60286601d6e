import { redisUrl, scratchPrefix } from '../../support/scratch.ts'
import { queueConformance } from './conformance.ts'

queueConformance('job queues in Redis', async () => {
  const { prefix, ...scratch } = await scratchPrefix()
  return { url: redisUrl, namespace: prefix, ...scratch }
})
