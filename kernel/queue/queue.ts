/** One piece of work; the same `id` is queued once while it waits or runs. */
export interface Task {
  readonly id: string
  /** Whatever the worker needs to find the work; the state itself stands in the service's database. */
  readonly data: Readonly<Record<string, string | number>>
  /** 0 is the most urgent. */
  readonly priority?: number
  readonly delayMs?: number
}

export interface Queue extends AsyncDisposable {
  add(task: Task): Promise<void>
  /** Takes a task out that nobody has begun; true if it was there. */
  remove(id: string): Promise<boolean>
  waiting(): Promise<number>
}

export interface QueueWorker extends AsyncDisposable {
  readonly running: number
}

/** Runs `handle` for at most `concurrency` tasks at once. A worker that dies loses its tasks to another one within seconds. */
export type StartWorker = (options: {
  concurrency: number
  handle(task: Task, signal: AbortSignal): Promise<void>
}) => Promise<QueueWorker>

export interface Queues extends AsyncDisposable {
  queue(name: string): Queue
  work(name: string, options: Parameters<StartWorker>[0]): Promise<QueueWorker>
}
