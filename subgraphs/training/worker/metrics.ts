import { Counter, Gauge, type Registry } from 'prom-client'
import type { MetricPoint } from '../../../schema/values.ts'

/** How an attempt ended; `withdrawn` when its job was cancelled, or went on elsewhere because its lease had ended. */
export type Ending = 'completed' | 'failed' | 'stopped' | 'crashed' | 'withdrawn'

export type TrainingMetrics = ReturnType<typeof openTrainingMetrics>

/** What a worker counts. A job has series of its own only while it runs here. */
export function openTrainingMetrics(registry: Registry, slots: number) {
  const registers = [registry]
  const ofJob = (name: string, help: string) => new Gauge({ name, help, labelNames: ['job'], registers })
  const step = ofJob('forge_training_step', 'The last step of a running job.')
  const total = ofJob('forge_training_steps', 'Steps that a running job is to make in all.')
  const speed = ofJob('forge_training_tokens_per_second', 'Tokens per second that a running job trains on.')
  const steps = new Counter({ name: 'forge_training_steps_total', help: 'Steps that jobs made here.', registers })
  const attempts = new Counter({
    name: 'forge_training_attempts_total',
    help: 'Attempts by how they ended.',
    labelNames: ['outcome'],
    registers,
  })
  new Gauge({ name: 'forge_worker_slots', help: 'Jobs that may run here at once.', registers }).set(slots)
  const running = new Gauge({ name: 'forge_worker_running_jobs', help: 'Jobs that run here now.', registers })

  return {
    begin(job: string, first: number, last: number) {
      let newest = first
      running.inc()
      step.set({ job }, first)
      total.set({ job }, last)
      return {
        record(points: readonly MetricPoint[], at: number) {
          step.set({ job }, at)
          if (at > newest) steps.inc(at - newest)
          newest = Math.max(newest, at)
          const pace = points.findLast(({ name }) => name === 'tokens_per_second')
          if (pace) speed.set({ job }, pace.value)
        },
        end(outcome: Ending) {
          running.dec()
          attempts.inc({ outcome })
          for (const gauge of [step, total, speed]) gauge.remove({ job })
        },
      }
    },
  }
}
