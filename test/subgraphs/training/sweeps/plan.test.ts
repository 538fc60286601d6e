import { describe, expect, it } from 'vitest'
import type { CognateConfig } from '../../../../subgraphs/training/recipes/config.ts'
import { startSweep } from '../../../../subgraphs/training/sweeps/service.ts'
import { identityOf } from '../memory.ts'
import { rates, sweepStage } from './stage.ts'

describe('the trials of a sweep', () => {
  it('are the same for the same seed, whatever comes of them', async () => {
    const points = async (seed: number) =>
      (await sweepStage().start({ seed, trials: 5 })).trials.map(({ parameters }) => parameters)
    expect(await points(3)).toEqual(await points(3))
    expect(await points(3)).not.toEqual(await points(4))
  })

  it('have the settings of their points on top of what all have', async () => {
    const space = [
      { parameter: 'grokfast.kind', choice: ['NONE', 'EMA'] },
      { parameter: 'grokfast.alpha', choice: [0.9] },
      { parameter: 'batch', choice: [4, 8] },
    ]
    const settings = { steps: 9, weightDecay: 0.2, grokfast: { kind: 'MA', lambda: 3 } }
    const { trials, plan } = await sweepStage().start({ algorithm: 'GRID', space }, { settings })
    expect(plan.rungs).toEqual([9])
    expect(trials.map(({ config: { grokfast, batch, weightDecay } }) => ({ grokfast, batch, weightDecay }))).toEqual([
      { grokfast: null, batch: 4, weightDecay: 0.2 },
      { grokfast: null, batch: 8, weightDecay: 0.2 },
      { grokfast: expect.objectContaining({ kind: 'EMA', alpha: 0.9, lambda: 3 }), batch: 4, weightDecay: 0.2 },
      { grokfast: expect.objectContaining({ kind: 'EMA', alpha: 0.9, lambda: 3 }), batch: 8, weightDecay: 0.2 },
    ])
    expect(trials.map(({ number }) => number)).toEqual([1, 2, 3, 4])
  })

  it('may have presets of their own where their losses compare', async () => {
    const space = [{ parameter: 'preset', choice: ['NANO', 'MICRO'] }]
    const settings = { steps: 9, context: 64, batch: 2, sizes: { vocabulary: 512 } }
    const { trials } = await sweepStage().start({ algorithm: 'GRID', space }, { settings })
    expect(trials.map(({ preset, config }) => [preset, (config as CognateConfig).model.width])).toEqual([
      ['NANO', 128],
      ['MICRO', 192],
    ])
  })

  it('are one sweep for one idempotency key, and no other request may have it', async () => {
    const stage = sweepStage()
    const first = await stage.start({ trials: 4 }, { idempotencyKey: 'once' })
    expect((await stage.start({ trials: 4 }, { idempotencyKey: 'once' })).id).toBe(first.id)
    await expect(stage.start({ trials: 5 }, { idempotencyKey: 'once' })).rejects.toMatchObject({ code: 'CONFLICT' })
  })
})

describe('a sweep is refused, with the value and the remedy,', () => {
  const settings = { steps: 9 }
  const refused = (search: object, request: object = {}) =>
    startSweep(sweepStage().parts, identityOf(), { settings, ...request }, { space: [rates], ...search } as never)

  it.each<[string, object, string]>([
    ['an empty space', { space: [] }, '`space` is empty: name one parameter at least'],
    [
      'bounds the wrong way round',
      { space: [{ parameter: 'weightDecay', uniform: { from: 1, to: 0 } }] },
      'weightDecay goes from 1 to 0',
    ],
    [
      'a logarithm of 0',
      { space: [{ parameter: 'learningRate', logUniform: { from: 0, to: 1 } }] },
      'learningRate goes from 0 on a logarithmic scale',
    ],
    ['too many trials', { trials: 501 }, 'trials is 501: take a whole number from 1 to 500'],
    ['no trials', { trials: 0 }, 'trials is 0'],
    [
      'a grid that is too large',
      { algorithm: 'GRID', space: [{ parameter: 'warmup', integer: { from: 0, to: 500 } }] },
      'The grid has 501 points',
    ],
    ['a grid of so many trials', { algorithm: 'GRID', trials: 3 }, 'trials is 3 beside GRID'],
    ['an eta below 2', { eta: 1 }, 'eta is 1'],
    ['a first rung behind the end', { minSteps: 10 }, 'minSteps is 10'],
    ['rungs without ASHA', { algorithm: 'RANDOM', eta: 3 }, 'eta is 3, and only ASHA has rungs'],
    [
      'an unknown parameter',
      { space: [{ parameter: 'dropout', choice: [0.1] }] },
      'space has the parameter "dropout", which cannot be searched: take learningRate',
    ],
    [
      'a name of every object',
      { space: [{ parameter: 'constructor', choice: [1] }] },
      'space has the parameter "constructor"',
    ],
    ['a parameter twice', { space: [rates, rates] }, 'space has the parameter learningRate twice'],
    ['two distributions', { space: [{ ...rates, choice: [1] }] }, 'learningRate has logUniform and choice'],
    ['no distribution', { space: [{ parameter: 'batch', uniform: null }] }, 'batch has no distribution'],
    [
      'a share of a sequence',
      { space: [{ parameter: 'batch', uniform: { from: 1, to: 4 } }] },
      'batch is searched by `uniform`',
    ],
    [
      'an unknown preset',
      { space: [{ parameter: 'preset', choice: ['HUGE'] }] },
      'preset is a name and no number: give a `choice` of NANO',
    ],
    ['a name as a number', { space: [{ parameter: 'batch', choice: ['many'] }] }, 'batch has the choice "many"'],
    [
      'a value that cannot train',
      { space: [{ parameter: 'learningRate', choice: [0.1, -1] }], trials: 20 },
      'learningRate is -1',
    ],
    [
      'a filter that no trial has',
      { space: [{ parameter: 'grokfast.alpha', uniform: { from: 0.8, to: 0.9 } }] },
      'grokfast.alpha does nothing here',
    ],
    [
      'presets of different tokens',
      { space: [{ parameter: 'preset', choice: ['NANO', 'MICRO'] }], algorithm: 'GRID' },
      'The presets have vocabulary 1024 and 2048',
    ],
    ['too few at once', { parallel: 0 }, 'parallel is 0'],
    ['a seed below 0', { seed: -1 }, 'seed is -1'],
    ['controls', {}, '`input.control` is true in a sweep'],
  ])('for %s', async (what, search, message) => {
    const request = what === 'controls' ? { settings: { ...settings, control: true } } : {}
    await expect(refused(search, request)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining(message),
    })
  })

  it('for the trial that no machine has the memory for, before anything is stored', async () => {
    const stage = sweepStage()
    stage.state.memory = 1e9
    const space = [{ parameter: 'batch', choice: [2, 4_000] }]
    const text = 'words '.repeat(1_000_000)
    const asked = startSweep(stage.parts, identityOf(), { text, settings }, { space, algorithm: 'GRID' } as never)
    await expect(asked).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      message: expect.stringContaining('Trial 2 '),
    })
    expect(stage.datasets).toHaveLength(1)
    expect(stage.jobs).toEqual([])
  })
})
