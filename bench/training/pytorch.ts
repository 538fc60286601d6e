import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { withHugePages } from '../../engine/executors/huge-pages.ts'
import { writeSafetensors } from '../../engine/formats/safetensors.ts'
import { initialParameters, parameterShapes } from '../../engine/models/llama-parameters.ts'
import { inheritedEnv } from '../../kernel/env.ts'
import { openAnswers } from '../answers.ts'
import { type Contender, pinned } from './contender.ts'
import { trainerOptions } from './options.ts'
import type { StepTaken, Trial } from './trial.ts'

export interface PyTorch {
  readonly python: string
  readonly version: string
  /** The ways to run it that can be had here, the one that should be fastest last. */
  readonly ways: readonly Way[]
}

interface Way {
  readonly name: string
  /** With torch.compile, which needs a C++ compiler. */
  readonly compiled: boolean
  /** With the AVX-512 kernels that MKL and older OpenBLAS keep for Intel's processors, on AMD's that have AVX-512 too. */
  readonly wide: boolean
}

const COMPILER = 'c++'

/** What a Python has; undefined where there is none, or none that can import torch. */
export async function findPyTorch(python: string): Promise<PyTorch | undefined> {
  const version = await answered(python, '-c', 'import torch; print(torch.__version__)')
  if (version === undefined) return undefined
  const compiler = (await answered(COMPILER, '--version')) !== undefined
  const compiles = compiler && (await answered(python, '-c', 'import torch; torch.compile')) !== undefined
  const wide = compiler && (await hasForeignAvx512())
  const ways = [
    { name: 'eager', compiled: false, wide: false },
    { name: 'compiled', compiled: true, wide: false },
    { name: 'eager, AVX-512', compiled: false, wide: true },
    { name: 'compiled, AVX-512', compiled: true, wide: true },
  ]
  return { python, version, ways: ways.filter(way => (compiles || !way.compiled) && (wide || !way.wide)) }
}

async function hasForeignAvx512(): Promise<boolean> {
  if (process.platform !== 'linux') return false
  const processor = await readFile('/proc/cpuinfo', 'utf8')
  return processor.includes('AuthenticAMD') && processor.includes('avx512f')
}

/** What a command says, undefined where it fails. */
async function answered(command: string, ...args: string[]): Promise<string | undefined> {
  try {
    return (await promisify(execFile)(command, args)).stdout.trim()
  } catch {
    return undefined
  }
}

/** Trains the trial's model from the weights that ours starts with. */
export async function openPyTorch(pytorch: PyTorch, way: Way, trial: Trial): Promise<Contender> {
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'forge-pytorch-'))
  opened.defer(() => rm(folder, { recursive: true }))

  const options = trainerOptions(trial)
  const weights = initialParameters(options.model, options.seed)
  const shapes = Object.entries(parameterShapes(options.model))
  const tensors = Object.fromEntries(shapes.map(([name, shape]) => [name, { shape, data: weights[name]! }]))
  const file = join(folder, 'weights.safetensors')
  await writeFile(file, writeSafetensors(tensors))

  const told = JSON.stringify({ ...options, threads: trial.threads, compiled: way.compiled })
  const command = [pytorch.python, join(import.meta.dirname, 'pytorch.py'), told, file]
  const environment = { ...withHugePages(inheritedEnv()), ...(way.wide ? await wideKernels(folder) : {}) }
  const program = opened.use(openAnswers(pinned(trial.threads, command), environment, 'what it says above'))
  await program.next()
  const resources = opened.move()
  return { step: turn => program.ask(turn), [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

/** MKL asks this function whether it is Intel's processor; the first of its name that is loaded answers. */
async function wideKernels(folder: string): Promise<Record<string, string>> {
  const [source, library] = [join(folder, 'wide.cc'), join(folder, 'wide.so')]
  await writeFile(source, 'extern "C" int mkl_serv_intel_cpu_true() { return 1; }')
  await promisify(execFile)(COMPILER, ['-shared', '-fPIC', '-o', library, source])
  return { LD_PRELOAD: library, OPENBLAS_CORETYPE: 'SkylakeX' }
}

/** Steps of which ours and theirs must have the same loss and gradient. Later ones may drift apart by rounding. */
const COMPARED = 10

/** PyTorch sums the squares of four million numbers to 1e-4 of what float64 finds, and clips by that. */
const NORM_TOLERANCE = 2e-4

/** Throws unless both compute the same: a rival that trains something else is none. */
export function requireSameTraining(ours: readonly StepTaken[], theirs: readonly StepTaken[]): void {
  for (const [index, { loss, gradientNorm }] of ours.slice(0, COMPARED).entries()) {
    const other = theirs[index]!
    if (Math.abs(loss - other.loss) < 2e-5 && Math.abs(gradientNorm / other.gradientNorm - 1) < NORM_TOLERANCE) continue
    throw new Error(
      `PyTorch does not train what we do: step ${index + 1} has loss ${other.loss} and gradient norm ${other.gradientNorm}, ours ${loss} and ${gradientNorm}`,
    )
  }
}
