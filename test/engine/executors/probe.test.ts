import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { type ExecutorName, executorNames } from '../../../engine/executors/executor-names.ts'
import { fastest, openExecutor, probeExecutors, type WorkingProbe } from '../../../engine/executors/probe.ts'
import { noCompiler } from './compiler.ts'

describe('probing executors', () => {
  it('tries each in a process of its own, and says which work and why others do not', { timeout: 60_000 }, async () => {
    const probes = await probeExecutors()
    expect(probes.map(({ name }) => name)).toEqual(executorNames)
    const speeds = Object.fromEntries(probes.map(probe => [probe.name, probe.works ? probe.gigaflops : probe.reason]))
    expect(speeds.onnx).toBeGreaterThan(speeds.reference as number)
    expect(speeds['tfjs-wasm']).toBeGreaterThan(speeds.reference as number)
    if (!noCompiler) expect(speeds.native).toBeGreaterThan(speeds.reference as number)
    const missing = (name: string) => (name === 'native' ? 'No C compiler' : `@tensorflow/${name}`)
    for (const probe of probes) if (!probe.works) expect(probe.reason).toContain(missing(probe.name))
  })

  it('prefers one to those before it only when it was clearly faster, since a busy machine measures badly', () => {
    const works = (name: ExecutorName): WorkingProbe => ({ name, works: true, version: '1', gigaflops: 10 })
    const [native, onnx, gpu, wasm] = [works('native'), works('onnx'), works('tfjs-node-gpu'), works('tfjs-wasm')]
    expect(fastest([native, { ...onnx, gigaflops: 39 }])?.name).toBe('native')
    expect(fastest([onnx, { ...wasm, gigaflops: 39 }])?.name).toBe('onnx')
    expect(fastest([onnx, { ...gpu, gigaflops: 41 }, wasm])?.name).toBe('tfjs-node-gpu')
    expect(fastest([{ name: 'onnx', works: false, reason: 'It is not there.' }, wasm])?.name).toBe('tfjs-wasm')
    expect(fastest([])).toBeUndefined()
  })

  it('says why one that was opened fails at its first program', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'compiler-'))
    try {
      // A compiler that answers, but lacks the headers.
      await writeFile(
        join(folder, 'cc'),
        '#!/bin/sh\n[ "$1" = --version ] && echo "cc 1" || { echo "error: no stdio.h" >&2; exit 1; }',
      )
      await chmod(join(folder, 'cc'), 0o755)
      vi.stubEnv('PATH', `${folder}:/usr/bin:/bin`)
      expect(await probeExecutors(['native'])).toEqual([
        { name: 'native', works: false, reason: 'The C compiler cc failed: error: no stdio.h' },
      ])
    } finally {
      vi.unstubAllEnvs()
      await rm(folder, { recursive: true })
    }
  })

  it('opens on auto the first where a compiler is, and others by name', { timeout: 60_000 }, async () => {
    expect((await openExecutor('auto')).name).toBe(noCompiler ? 'onnx' : 'native')
    expect((await openExecutor('onnx', { threads: 2 })).threads).toBe(2)
    expect((await openExecutor('tfjs-wasm')).name).toBe('tfjs-wasm')
  })

  it('refuses an unknown name and lists the known ones', async () => {
    await expect(openExecutor('abacus')).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('native, onnx, tfjs-node-gpu, tfjs-node, tfjs-wasm, reference'),
    })
  })
})
