import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { cpus, homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { EngineError } from '../../errors.ts'
import type { ElementData } from '../../graph/graph.ts'

const run = promisify(execFile)
const require = createRequire(import.meta.url)

/** What a compiled program gives to JavaScript: see runtime.h. Both functions block the thread. */
export interface NativeModule {
  /**
   * Writes the outputs. Of inputs that are split, every part has its share, one after the other; then outputs are sums over
   * the parts. They have the same bits in every run with as many parts and threads.
   */
  run(inputs: readonly ElementData[], outputs: readonly ElementData[], parts: number, threads: number): void
  /** Gives memory and threads back until the next run. */
  release(): void
}

export interface Compiler {
  /** As the shell finds it. */
  readonly name: string
  readonly version: string
  /** Names the processor that it compiles for: a home may be on several machines, and a virtual machine may move to another. */
  readonly target: string
}

interface CompileOptions {
  /** Where programs are kept for later processes. */
  readonly cache?: string
  readonly compiler?: Compiler
}

const names = ['cc', 'gcc', 'clang']

const COMPILE_LIMIT_MS = 600_000
/** Programs that nobody used for so long are removed. */
const KEPT_MS = 30 * 24 * 3600_000

// Vectors of 512 bits, where the machine has them, are faster in our long loops than the 256 that compilers prefer. Both
// options are unknown to compilers for other machines.
const machineFlags: Partial<Record<NodeJS.Architecture, readonly string[]>> = {
  x64: ['-march=native', '-mprefer-vector-width=512'],
  arm64: ['-mcpu=native'],
}

const commonFlags = [
  ...['-std=gnu11', '-O2', ...(machineFlags[process.arch] ?? [])],
  ...['-ffp-contract=fast', '-fno-math-errno', '-fno-trapping-math', '-fopenmp-simd'],
  ...['-w', '-shared', '-fPIC', '-pthread'],
  ...(process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : []),
]

/** gcc makes vectors of few loops at -O2 unless it is told so; at -O3 it takes twice as long, for a percent at most. */
const flagsOf = ({ version }: Pick<Compiler, 'version'>) =>
  version.includes('clang') ? commonFlags : [...commonFlags, '-fvect-cost-model=dynamic']

/** The first C compiler that answers; throws UNAVAILABLE where none does. */
export async function findCompiler(): Promise<Compiler> {
  for (const name of names) {
    const answer = await run(name, ['--version']).catch(() => undefined)
    if (!answer) continue
    const version = answer.stdout.split('\n', 1)[0]!
    return { name, version, target: await targetOf({ name, version }) }
  }
  throw new EngineError(
    'UNAVAILABLE',
    `No C compiler answers on this machine (${names.join(', ')}); apt-get install gcc libc6-dev brings one.`,
  )
}

/** Among the macros is every instruction set that the compiler takes this processor to have. */
async function targetOf(compiler: Pick<Compiler, 'name' | 'version'>): Promise<string> {
  const macros = await callCompiler(compiler.name, [...flagsOf(compiler), '-dM', '-E', '-x', 'c', '/dev/null'])
  return createHash('sha256').update(`${cpus()[0]?.model}\n${macros}`).digest('hex')
}

/**
 * The machine code of a C source that defines `program` (see runtime.h, which is put before it): from the cache, or from
 * the compiler. Throws UNAVAILABLE where there is none or where it fails, RESOURCE_EXHAUSTED where the disk is full.
 */
export async function compileNative(
  source: string,
  { cache = join(homedir(), '.cache', 'agent-forge', 'native'), compiler }: CompileOptions = {},
): Promise<NativeModule> {
  const chosen = compiler ?? (await findCompiler())
  const text = (await readFile(join(import.meta.dirname, 'runtime.h'), 'utf8')) + source
  const isOurs = await isOwnFolder(cache)
  const key = keyOf(text, chosen)
  if (isOurs) {
    const known = await loadKept(cache, key)
    if (known) return known
  }

  const folder = await workFolder(isOurs ? cache : undefined)
  try {
    await writeFile(join(folder, 'program.c'), text)
    const made = join(folder, 'program.node')
    await compile(chosen, join(folder, 'program.c'), made)
    // The mapping outlives the file's name.
    if (dirname(folder) !== cache) return load(made)
    // In one step, and not before its content is on the disk: others never find half a program, and who makes the same at
    // the same time replaces it by its equal.
    await sync(made)
    const kept = join(cache, keptName(key, await readFile(made)))
    await rename(made, kept)
    await removeUnused(cache)
    return load(kept)
  } catch (error) {
    throw isFull(error as Error) ? diskFull(folder, error as Error) : error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A cache that others may write to would be a way to have us run their code. */
async function isOwnFolder(path: string): Promise<boolean> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch(() => undefined)
  const found = await stat(path).catch(() => undefined)
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o022) === 0
}

/** Names the machine code. */
function keyOf(text: string, compiler: Compiler): string {
  const parts = [text, flagsOf(compiler), compiler, process.platform, process.versions.napi]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** With the digest of its content: half a program may load, and then ends the process. */
const keptName = (key: string, content: Buffer) => `${key}-${createHash('sha256').update(content).digest('hex')}.node`

/** Undefined where it is not there, is not what was written, or does not load: then it is made again. */
async function loadKept(cache: string, key: string): Promise<NativeModule | undefined> {
  const name = (await readdir(cache)).find(each => each.startsWith(`${key}-`))
  if (!name) return undefined
  const path = join(cache, name)
  const content = await readFile(path).catch(() => undefined)
  if (!content || name !== keptName(key, content)) {
    await rm(path, { force: true }).catch(() => {})
    return undefined
  }
  const now = new Date()
  // On a disk that cannot be written, nothing is removed either.
  await utimes(path, now, now).catch(() => {})
  try {
    return load(path)
  } catch {
    return undefined
  }
}

function load(path: string): NativeModule {
  try {
    return require(path) as NativeModule
  } catch (cause) {
    throw new EngineError('UNAVAILABLE', `The program ${path} does not load: ${(cause as Error).message}.`, { cause })
  }
}

/** A new folder in the cache, on whose disk the program is to stay; where that cannot be written, among temporary files. */
async function workFolder(cache?: string): Promise<string> {
  if (cache) {
    const made = await mkdtemp(join(cache, 'making-')).catch((error: NodeJS.ErrnoException) => error)
    if (typeof made === 'string') return made
    if (isFull(made)) throw diskFull(join(cache, 'making'), made)
  }
  return await mkdtemp(join(tmpdir(), 'agent-forge-')).catch(cause => {
    throw new EngineError('UNAVAILABLE', `${tmpdir()} cannot be written, where programs would be compiled.`, { cause })
  })
}

/** A compiler's own error is the cause of ours, and ends with all that it said. */
const isFull = ({ message, cause }: Error) =>
  /ENOSPC|EDQUOT|No space left on device|Disk quota exceeded/.test(
    `${message} ${(cause as Error | undefined)?.message}`,
  )

const diskFull = (folder: string, cause: Error) =>
  new EngineError(
    'RESOURCE_EXHAUSTED',
    `The disk is full: compiling a program needs some MB in ${dirname(folder)} and ${tmpdir()}.`,
    { cause },
  )

async function compile(compiler: Compiler, source: string, made: string): Promise<void> {
  const headers = join(dirname(require.resolve('node-api-headers')), 'include')
  await callCompiler(compiler.name, [...flagsOf(compiler), '-I', headers, source, '-o', made, '-lm'])
}

/** What it writes. Errors hold the first lines that name one. */
async function callCompiler(name: string, options: readonly string[]): Promise<string> {
  try {
    return (await run(name, options, { timeout: COMPILE_LIMIT_MS, maxBuffer: 1 << 26 })).stdout
  } catch (cause) {
    const { stderr = '', signal, message } = cause as Error & { stderr?: string; signal?: string }
    const lines = stderr.split('\n').filter(Boolean)
    const first = lines.findIndex(line => /error/i.test(line))
    const said = lines.slice(Math.max(0, first), Math.max(0, first) + 4).join('\n')
    const end = signal ? `was ended by ${signal}` : 'failed'
    throw new EngineError('UNAVAILABLE', `The C compiler ${name} ${end}: ${said || message}`, { cause })
  }
}

async function sync(path: string): Promise<void> {
  await using file = await open(path, 'r+')
  await file.sync()
}

/** Also the folders of compilations that were killed. Another process may remove the same. */
async function removeUnused(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const path = join(cache, name)
    const found = await stat(path).catch(() => undefined)
    if (found && found.mtimeMs < Date.now() - KEPT_MS) await rm(path, { recursive: true, force: true })
  }
}
