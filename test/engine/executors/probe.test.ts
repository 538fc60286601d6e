import { describe, expect, it } from 'vitest'
import { executorNames } from '../../../engine/executors/executor-names.ts'
import { fastest, openExecutor, probeExecutors, type WorkingProbe } from '../../../engine/executors/probe.ts'

describe('probing executors', () => {
  it('tries each in a process of its own, and says which work and why others do not', { timeout: 60_000 }, async () => {
    const probes = await probeExecutors()
    expect(probes.map(({ name }) => name)).toEqual(executorNames)
    const speeds = Object.fromEntries(probes.map(probe => [probe.name, probe.works ? probe.gigaflops : probe.reason]))
    expect(speeds.onnx).toBeGreaterThan(speeds.reference as number)
    expect(speeds['tfjs-wasm']).toBeGreaterThan(speeds.reference as number)
    for (const probe of probes) if (!probe.works) expect(probe.reason).toContain(`@tensorflow/${probe.name}`)
  })

  it('prefers one to those before it only when it was clearly faster, since a busy machine measures badly', () => {
    const [onnx, gpu, wasm] = (['onnx', 'tfjs-node-gpu', 'tfjs-wasm'] as const).map(name => {
      return { name, works: true as const, version: '1', gigaflops: 10 }
    }) as [WorkingProbe, WorkingProbe, WorkingProbe]
    expect(fastest([onnx, { ...wasm, gigaflops: 39 }])?.name).toBe('onnx')
    expect(fastest([onnx, { ...gpu, gigaflops: 41 }, wasm])?.name).toBe('tfjs-node-gpu')
    expect(fastest([{ name: 'onnx', works: false, reason: 'It is not there.' }, wasm])?.name).toBe('tfjs-wasm')
    expect(fastest([])).toBeUndefined()
  })

  it('opens the fastest on auto, and others by name', { timeout: 60_000 }, async () => {
    expect((await openExecutor('auto')).name).not.toBe('reference')
    expect((await openExecutor('onnx', { threads: 2 })).threads).toBe(2)
    expect((await openExecutor('tfjs-wasm')).name).toBe('tfjs-wasm')
  })

  it('refuses an unknown name and lists the known ones', async () => {
    await expect(openExecutor('abacus')).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('onnx, tfjs-node-gpu, tfjs-node, tfjs-wasm, reference'),
    })
  })
})
