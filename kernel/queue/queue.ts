import type { Telemetry } from '../telemetry/telemetry.ts'

/** One piece of work; the same `id` is queued once while it waits or runs. */
export interface Task {
  /** Without a colon. */
  readonly id: string
  /** Whatever the worker needs to find the work; the state itself stands in the service's database. */
  readonly data: Readonly<Record<string, string | number>>
  /** 0 is the most urgent, and the default; at most 2,097,152. Equally urgent tasks run in the order of their arrival. */
  readonly priority?: number
  readonly delayMs?: number
  /** W3C trace context of what queued it. */
  readonly traceparent?: string
}

export interface Queue extends AsyncDisposable {
  add(task: Task): Promise<void>
  /** Takes a task out that nobody has begun; true if it was there. */
  remove(id: string): Promise<boolean>
  /** Tasks that nobody has begun, delayed ones too. */
  waiting(): Promise<number>
  /** Tasks by their state: waiting, prioritized, delayed, active. */
  lengths(): Promise<Readonly<Record<string, number>>>
}

export interface QueueWorker extends AsyncDisposable {
  readonly running: number
}

export interface WorkerOptions {
  readonly concurrency: number
  readonly telemetry?: Telemetry
  /**
   * Resolves when the task is done. `signal` aborts when this worker closes, or has lost the task to another one; a
   * handler that rejects then has not done it, and the task goes back. One that rejects otherwise loses its task: what
   * a failure means is written in the service's database.
   */
  handle(task: Task, signal: AbortSignal): Promise<void>
}

export interface Queues extends AsyncDisposable {
  queue(name: string): Queue
  /** Runs at most `concurrency` tasks at once. When a worker dies, another one has its tasks within some ten seconds. */
  work(name: string, options: WorkerOptions): Promise<QueueWorker>
}
