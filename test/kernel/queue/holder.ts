import { openQueuesAt } from '../../../kernel/queue/open.ts'
import { silentLog } from '../../support/silent-log.ts'

/** A worker process that takes a task and never ends it, until it is killed. */
const [url, namespace, queue] = process.argv.slice(2) as [string, string, string]
const queues = await openQueuesAt(url, silentLog, namespace)
await queues.work(queue, {
  concurrency: 1,
  handle: task => {
    process.send!(task.id)
    return new Promise(() => {})
  },
})
