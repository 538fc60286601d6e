import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type Progressed, progressBar } from '../../../client/command/progress-bar.ts'
import { memoryScreen } from './screen.ts'

const event = (step: number, given: Partial<Progressed> = {}): Progressed => ({
  at: new Date(Date.parse('2026-01-01T00:00:00.000Z') + step * 500).toISOString(),
  status: 'RUNNING',
  step,
  totalSteps: 100,
  metrics: [],
  ...given,
})
const metrics = [
  { name: 'loss', value: 3.1419 },
  { name: 'validation_loss', value: 3.25 },
  { name: 'tokens_per_second', value: 41_234 },
]

describe('on a terminal', () => {
  it('draws one line anew, with the time left at the speed of the last events', () => {
    const screen = memoryScreen(true, 120)
    const bar = progressBar(screen)
    bar.update(event(10))
    bar.update(event(50, { metrics }))
    bar.stop()
    const [, , last] = screen.text().split('\r')
    expect(stripVTControlCharacters(last!)).toBe(
      '████████████░░░░░░░░░░░░  50%  50/100  loss 3.142  validation 3.250  tokens/s 41k  left 25s\n',
    )
  })

  it('never wraps, for a wrapped line could not be drawn over', () => {
    const screen = memoryScreen(true, 40)
    progressBar(screen).update(event(50, { metrics }))
    expect(stripVTControlCharacters(screen.text()).trim().length).toBeLessThan(40)
  })

  it('leaves the line only if it has drawn one', () => {
    const screen = memoryScreen(true)
    progressBar(screen).stop()
    expect(screen.text()).toBe('')
  })
})

describe('where there is no terminal', () => {
  it('writes a line for each tenth of the way and each change of status', () => {
    const screen = memoryScreen()
    const bar = progressBar(screen)
    for (let step = 1; step <= 100; step++) bar.update(event(step))
    bar.update(event(100, { status: 'COMPLETED' }))
    bar.stop()
    expect(screen.lines()).toHaveLength(12)
    expect(screen.lines().at(-1)).toContain('100/100  completed')
    expect(screen.text()).toBe(stripVTControlCharacters(screen.text()))
  })
})
