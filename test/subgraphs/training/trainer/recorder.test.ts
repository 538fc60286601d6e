import { describe, expect, it } from 'vitest'
import { paceMeter } from '../../../../subgraphs/training/trainer/pace.ts'
import type { FromTrainer } from '../../../../subgraphs/training/trainer/protocol.ts'
import { createRecorder } from '../../../../subgraphs/training/trainer/recorder.ts'

function recording(recorded: Record<string, number> = {}) {
  const sent: FromTrainer[] = []
  const clock = { ms: 1_000 }
  const recorder = createRecorder({ send: message => sent.push(message), now: () => new Date(clock.ms), recorded })
  const steps = () =>
    sent.map(message => (message.kind === 'points' ? message.points.map(({ name, step }) => `${name} ${step}`) : []))
  return { sent, clock, recorder, steps }
}

describe('the recorder', () => {
  it('sends the points of 50 ms together, and the rest when it is told to', () => {
    const { recorder, clock, steps } = recording()
    for (const [ms, step] of [
      [1_000, 1],
      [1_010, 2],
      [1_049, 3],
      [1_050, 4],
      [1_060, 5],
    ] as const) {
      clock.ms = ms
      recorder.record(step, { loss: 1 })
    }
    expect(steps()).toEqual([['loss 1'], ['loss 2', 'loss 3', 'loss 4']])
    recorder.flush()
    expect(steps().at(-1)).toEqual(['loss 5'])
  })

  it('does not tell again what an earlier attempt has told, metric by metric', () => {
    const { recorder, steps } = recording({ loss: 2, validation_loss: 1 })
    for (const step of [1, 2, 3]) recorder.record(step, { loss: 1, validation_loss: 1 })
    recorder.flush()
    expect(steps().flat()).toEqual(['validation_loss 2', 'loss 3', 'validation_loss 3'])
  })

  it('says nothing while everything is known', () => {
    const { recorder, sent } = recording({ loss: 9 })
    recorder.record(4, { loss: 1 })
    recorder.flush()
    expect(sent).toEqual([])
  })
})

describe('the recorder of slow steps', () => {
  it('sends at once what would wait longer than 50 ms for the next step, and keeps what would not', () => {
    const { recorder, clock, steps } = recording()
    recorder.record(1, { loss: 1 })
    clock.ms += 20
    recorder.record(2, { loss: 1 })
    recorder.expect(20)
    expect(steps()).toEqual([['loss 1']])
    recorder.expect(400)
    expect(steps()).toEqual([['loss 1'], ['loss 2']])
  })
})

describe('the pace', () => {
  it('is that of the last twenty steps, and tells the time left', () => {
    const meter = paceMeter({ at: 0, step: 0 }, 64, 100)
    for (let step = 1; step <= 20; step++) meter.mark(step * 1_000, step)
    let pace = meter.mark(20_100, 21)
    for (let step = 22; step <= 40; step++) pace = meter.mark(20_000 + (step - 20) * 100, step)
    expect(pace.tokensPerSecond).toBeCloseTo(640)
    expect(pace.secondsLeft).toBeCloseTo(6)
  })
})
