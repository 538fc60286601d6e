import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openQueuesAt } from '../../../kernel/queue/open.ts'
import type { Queues, Task } from '../../../kernel/queue/queue.ts'
import { until } from '../../support/condition.ts'
import { silentLog } from '../../support/silent-log.ts'

interface Server extends AsyncDisposable {
  readonly url: string
  readonly namespace: string
}

const task = (id: string, over: Partial<Task> = {}): Task => ({ id, data: { jobId: id, attempt: 1 }, ...over })

/** A handler that records what it gets, and ends each task when told. */
function recorder() {
  const began: Task[] = []
  const ends = new Map<string, () => void>()
  return {
    began,
    ids: () => began.map(({ id }) => id),
    end: (id: string) => ends.get(id)!(),
    handle: (given: Task, signal: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        began.push(given)
        ends.set(given.id, resolve)
        signal.addEventListener('abort', () => reject(new Error('stopped')))
      }),
  }
}

export function queueConformance(name: string, openServer: () => Promise<Server>): void {
  describe(name, () => {
    let server: Server
    let queues: Queues
    const open = () => openQueuesAt(server.url, silentLog, server.namespace)
    beforeEach(async () => {
      server = await openServer()
      queues = await open()
    })
    afterEach(async () => {
      await queues[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    })

    it('runs tasks with their data, never more at once than the worker takes', async () => {
      const queue = queues.queue('training')
      const { began, ids, handle, end } = recorder()
      const worker = await queues.work('training', { concurrency: 2, handle })
      for (const id of ['a', 'b', 'c']) await queue.add(task(id))
      await until('two tasks', () => began.length === 2)
      expect(worker.running).toBe(2)
      expect(await queue.waiting()).toBe(1)
      expect(began[0]).toEqual({ id: 'a', data: { jobId: 'a', attempt: 1 }, priority: 0 })
      end('b')
      await until('the third', () => began.length === 3)
      expect(ids()).toEqual(['a', 'b', 'c'])
      for (const id of ['a', 'c']) end(id)
      await until('nothing running', () => worker.running === 0)
    })

    it('takes the most urgent first, and equally urgent ones as they came', async () => {
      const queue = queues.queue('training')
      await queue.add(task('late', { priority: 5 }))
      await queue.add(task('soon', { priority: 1 }))
      await queue.add(task('now'))
      await queue.add(task('soon-too', { priority: 1 }))
      const order: string[] = []
      await queues.work('training', { concurrency: 1, handle: async ({ id }) => void order.push(id) })
      await until('all tasks', () => order.length === 4)
      expect(order).toEqual(['now', 'soon', 'soon-too', 'late'])
    })

    it('queues an id once while it waits or runs, and again when it has ended, however it ended', async () => {
      const queue = queues.queue('training')
      await queue.add(task('a'))
      await queue.add(task('a'))
      expect(await queue.waiting()).toBe(1)
      let runs = 0
      const worker = await queues.work('training', {
        concurrency: 2,
        handle: async () => {
          runs += 1
          if (runs === 1) throw new Error('failed')
        },
      })
      for (const expected of [1, 2, 3]) {
        await until('an empty queue', async () => worker.running === 0 && (await queue.waiting()) === 0)
        await until('a run', async () => {
          if (runs < expected) await queue.add(task('a'))
          return runs === expected
        })
      }
      expect(runs).toBe(3)
    })

    it('takes out a task that waits, not one that runs or that is not there', async () => {
      const queue = queues.queue('training')
      const { began, handle, end } = recorder()
      const worker = await queues.work('training', { concurrency: 1, handle })
      await queue.add(task('a'))
      await until('the first task', () => began.length === 1)
      await queue.add(task('b'))
      await queue.add(task('c', { priority: 3 }))
      await queue.add(task('d', { delayMs: 60_000 }))
      expect(await queue.remove('a')).toBe(false)
      expect(await queue.remove('nobody')).toBe(false)
      for (const id of ['b', 'c', 'd']) expect(await queue.remove(id)).toBe(true)
      expect(await queue.remove('b')).toBe(false)
      expect(await queue.waiting()).toBe(0)
      end('a')
      await until('nothing running', () => worker.running === 0)
      expect(began).toHaveLength(1)
    })

    it('holds a delayed task back until its time', async () => {
      const queue = queues.queue('training')
      let ran = 0
      await queues.work('training', {
        concurrency: 1,
        handle: async () => {
          ran = performance.now()
        },
      })
      const added = performance.now()
      await queue.add(task('a', { delayMs: 400 }))
      await until('the task', () => ran > 0)
      expect(ran - added).toBeGreaterThanOrEqual(390)
    })

    it('gives a task back when its worker closes, to be run by another', async () => {
      const queue = queues.queue('training')
      const first = recorder()
      const other = await open()
      await other.work('training', { concurrency: 1, handle: first.handle })
      await queue.add(task('a', { priority: 2 }))
      await until('the task', () => first.began.length === 1)
      await other[Symbol.asyncDispose]()

      const second = recorder()
      await queues.work('training', { concurrency: 1, handle: second.handle })
      await until('the task at the other worker', () => second.began.length === 1)
      expect(second.ids()).toEqual(['a'])
      second.end('a')
    })

    it('loses a task of a worker that is killed to another worker', { timeout: 30_000 }, async () => {
      const child = fork(join(import.meta.dirname, 'holder.ts'), [server.url, server.namespace, 'training'])
      const taken = once(child, 'message')
      await queues.queue('training').add(task('a'))
      expect(await taken).toEqual(['a', undefined])
      child.kill('SIGKILL')
      await once(child, 'exit')

      const { began, handle, end } = recorder()
      await queues.work('training', { concurrency: 1, handle })
      await until('the task at the other worker', () => began.length === 1, 15_000)
      end('a')
    })
  })
}
