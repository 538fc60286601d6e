import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { compileNative, type NativeModule } from '../../../../engine/executors/native/compiler.ts'
import { skipWithout } from '../compiler.ts'

const SIZE = 100_003
const sum = `
static const long input_sizes[] = {${SIZE}, ${SIZE}}, output_sizes[] = {${SIZE}};
static const unsigned char split[] = {0, 0};
static void add(struct lane *lane, long from, long to) {
  const float *a = lane->inputs[0];
  const int *b = (const int *)lane->inputs[1];
  for (long i = from; i < to; i++) lane->outputs[0][i] = a[i] + b[i];
}
static void run_part(struct lane *lane) { parallel(lane, add, ${SIZE}, 1024); }
static const struct program program = {
  .inputs = 2, .outputs = 1, .input_sizes = input_sizes, .split = split, .output_sizes = output_sizes, .run = run_part,
};
`

/** By part: adds 2 · scale · x² to the first output, and 1 to the second. */
const squares = `
static const long input_sizes[] = {1, 3}, output_sizes[] = {3, 1};
static const unsigned char split[] = {0, 1};
static void run_part(struct lane *lane) {
  for (long i = 0; i < 3; i++) {
    lane->arena[i] = lane->inputs[1][i];
    lane->outputs[0][i] += 2 * lane->inputs[0][0] * lane->arena[i] * lane->arena[i];
  }
  lane->outputs[1][0] += 1;
}
static const struct program program = {
  .inputs = 2, .outputs = 2, .input_sizes = input_sizes, .split = split, .output_sizes = output_sizes,
  .arena = 3, .sums = 1, .run = run_part,
};
`

const product = `
static const long sizes[] = {1};
static void run_part(struct lane *lane) { lane->outputs[0][0] = lane->inputs[0][0] * lane->inputs[0][0]; }
static const struct program program = {
  .inputs = 1, .outputs = 1, .input_sizes = sizes, .output_sizes = sizes, .run = run_part,
};
`

const vast = product.replace('.run', '.arena = 1L << 60, .run')

describe('a native program', () => {
  let folder: string
  let cache: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'native-'))
    cache = join(folder, 'cache')
  })
  afterAll(() => rm(folder, { recursive: true }))
  beforeEach(context => skipWithout('native', context))

  const sumSquares = (program: NativeModule, x: Float32Array, threads: number) => {
    // What was there before must not be in the sums.
    const [total, parts] = [new Float32Array(3).fill(9), new Float32Array(1).fill(9)]
    program.run([Float32Array.of(0.5), x], [total, parts], x.length / 3, threads)
    return { total: [...total], parts: parts[0] }
  }

  it('shares the range of a kernel among its threads', async () => {
    const program = await compileNative(sum, { cache })
    const a = Float32Array.from({ length: SIZE }, (_, index) => index / 2)
    const b = Int32Array.from({ length: SIZE }, (_, index) => 7 - index)
    const expected = a.map((value, index) => value + b[index])
    for (const threads of [1, 2, 5, 2, 1]) {
      const total = new Float32Array(SIZE)
      program.run([a, b], [total], 1, threads)
      expect(total).toEqual(expected)
    }
    program.release()
    const total = new Float32Array(SIZE)
    program.run([a, b], [total], 1, 3)
    expect(total).toEqual(expected)
  })

  it('sums over parts, the same on every number of threads', async () => {
    const program = await compileNative(squares, { cache })
    const small = Float32Array.of(1, 2, 3)
    expect(sumSquares(program, small, 2)).toEqual({ total: [1, 4, 9], parts: 1 })
    // Whole numbers, whose sums are exact in any order.
    const x = Float32Array.from({ length: 3 * 10 }, (_, index) => index - 7)
    const total = [0, 1, 2].map(each =>
      x.filter((_, index) => index % 3 === each).reduce((all, one) => all + one ** 2, 0),
    )
    for (const threads of [1, 2, 3, 16, 1]) expect(sumSquares(program, x, threads)).toEqual({ total, parts: 10 })
  })

  it('rounds sums in the same order in every run', async () => {
    const program = await compileNative(squares, { cache })
    const x = Float32Array.from({ length: 3 * 1000 }, (_, index) => Math.sin(index) * 10 ** (index % 5))
    const first = sumSquares(program, x, 3)
    for (let run = 0; run < 50; run++) expect(sumSquares(program, x, 3)).toEqual(first)
  })

  it('takes numbers too small to be normal for zero, and leaves JavaScript its own', async () => {
    const program = await compileNative(product, { cache })
    const square = new Float32Array(1)
    program.run([Float32Array.of(1e-20)], [square], 1, 1)
    expect(square[0]).toBe(0)
    expect(Math.fround(1e-20 * 1e-20)).toBeGreaterThan(0)
    expect(Number.MIN_VALUE * 1.5).toBeGreaterThan(0)
  })

  it('refuses arrays that are not as it expects them', async () => {
    const program = await compileNative(squares, { cache })
    const [scale, x, total, parts] = [1, 6, 3, 1].map(length => new Float32Array(length))
    const run = (...given: Parameters<NativeModule['run']>) => program.run(...given)
    expect(() => run([scale], [total, parts], 2, 1)).toThrow('The program takes 2 inputs, not 1.')
    expect(() => run([scale, x], [total, parts], 3, 1)).toThrow('The input 1 has 6 numbers, not 9.')
    expect(() => run([scale, x], [total, x], 2, 1)).toThrow('The output 1 has 6 numbers, not 1.')
    const doubles = new Float64Array(6) as unknown as Float32Array
    expect(() => run([scale, doubles], [total, parts], 2, 1)).toThrow('The input 1 is neither')
    expect(() => run([scale, x], [total, parts], 2, 0)).toThrow('1 to 256 threads, not 0')
    expect(() => run([scale, x], [total, parts], 0, 1)).toThrow('does not run in 0 parts')
    const whole = await compileNative(product, { cache })
    expect(() => whole.run([scale], [parts], 2, 1)).toThrow('does not run in 2 parts')
  })

  it('says how much memory it lacks', async () => {
    const program = await compileNative(vast, { cache })
    const one = Float32Array.of(1)
    expect(() => program.run([one], [one], 1, 1)).toThrow(/no memory for the 46116860\d+ bytes/)
  })

  it('gives what the compiler said of a wrong source', async () => {
    await expect(compileNative('\nstatic int wrong = ;', { cache })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/program\.c:2:\d+: error: expected expression/),
    })
    expect((await readdir(cache)).filter(name => !name.endsWith('.node'))).toEqual([])
  })

  it('is UNAVAILABLE where there is no compiler', async () => {
    const compiler = { name: join(folder, 'no-compiler'), version: '1', target: '' }
    await expect(compileNative(product, { cache, compiler })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('gives its threads back on release', async context => {
    if (!existsSync('/proc/self/task')) return context.skip('only Linux lists the threads of a process')
    const program = await compileNative(squares, { cache })
    program.release()
    const threads = () => readdirSync('/proc/self/task').length
    const before = threads()
    sumSquares(program, new Float32Array(30), 6)
    expect(threads()).toBe(before + 5)
    program.release()
    await expect.poll(threads).toBe(before)
  })

  it('ends its process although threads of it sleep', async () => {
    const text = `
      const { compileNative } = await import(${JSON.stringify(import.meta.resolve('../../../../engine/executors/native/compiler.ts'))})
      const program = await compileNative(${JSON.stringify(squares)}, { cache: ${JSON.stringify(cache)} })
      const total = new Float32Array(3)
      program.run([Float32Array.of(0.5), new Float32Array(30).fill(1)], [total, new Float32Array(1)], 10, 4)
      console.log(total[0])
      if (process.argv[1] === 'exit') process.exit()`
    for (const end of ['exit', 'return']) {
      const said = execFileSync(process.execPath, ['--input-type=module', '-e', text, end], { timeout: 20_000 })
      expect(String(said)).toBe('10\n')
    }
  })

  describe('in the cache', () => {
    const programs = async (of: string) => (await readdir(of)).filter(name => name.endsWith('.node'))
    const square = (program: NativeModule) => {
      const found = new Float32Array(1)
      program.run([Float32Array.of(3)], [found], 1, 1)
      return found[0]
    }
    let own: string

    beforeEach(async () => {
      own = await mkdtemp(join(folder, 'own-'))
    })

    it('is compiled once, in a folder that only we may open', async () => {
      const made = join(own, 'a/b')
      await compileNative(product, { cache: made })
      expect((await stat(made)).mode & 0o777).toBe(0o700)
      const [name] = await programs(made)
      const { ino } = await stat(join(made, name))
      expect(square(await compileNative(product, { cache: made }))).toBe(9)
      expect((await stat(join(made, name))).ino).toBe(ino)
      expect(await readdir(made)).toEqual([name])
      await compileNative(`${product}// another`, { cache: made })
      expect(await programs(made)).toHaveLength(2)
    })

    it('is compiled by several at once without harm', async () => {
      const made = await Promise.all([1, 2, 3].map(() => compileNative(product, { cache: own })))
      expect(made.map(square)).toEqual([9, 9, 9])
      expect(await readdir(own)).toHaveLength(1)
    })

    it('is made again where it is broken', async () => {
      const [name] = await compileNative(product, { cache: own }).then(() => programs(own))
      // Under the name that another source would have, since this process holds the first.
      const text = `${product}// broken`
      await compileNative(text, { cache: own })
      const other = (await programs(own)).find(each => each !== name)!
      const whole = await readFile(join(own, other))
      // Of the larger part, the beginning would load.
      for (const broken of [Buffer.from('half'), whole.subarray(0, whole.length * 0.6), Buffer.alloc(whole.length)]) {
        const again = await mkdtemp(join(folder, 'again-'))
        await writeFile(join(again, other), broken)
        expect(square(await compileNative(text, { cache: again }))).toBe(9)
        expect(await readFile(join(again, other))).toEqual(whole)
      }
    })

    it('goes once nobody has used it for a month, when another one comes', async () => {
      await compileNative(product, { cache: own })
      await compileNative(`${product}// used`, { cache: own })
      const old = new Date(Date.now() - 31 * 24 * 3600_000)
      for (const name of await programs(own)) await utimes(join(own, name), old, old)
      await mkdir(join(own, 'making-killed'))
      await utimes(join(own, 'making-killed'), old, old)
      await compileNative(`${product}// used`, { cache: own })
      await compileNative(`${product}// new`, { cache: own })
      expect(await readdir(own)).toHaveLength(2)
    })

    it('is not kept where others may write, and works all the same', async () => {
      await chmod(own, 0o777)
      expect(square(await compileNative(product, { cache: own }))).toBe(9)
      expect(await readdir(own)).toEqual([])
    })

    it('is not kept where no folder can be made, and works all the same', async () => {
      await writeFile(join(own, 'file'), '')
      expect(square(await compileNative(product, { cache: join(own, 'file/cache') }))).toBe(9)
    })

    it.for([
      ['works all the same on a disk that is read-only', 'size=4m,ro', 9],
      ['says that the disk is full', 'size=8k', 'RESOURCE_EXHAUSTED'],
    ] as const)('%s', async ([, options, expected], context) => {
      const disk = join(own, 'disk')
      await mkdir(disk)
      try {
        execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', `${options},mode=700`, 'tmpfs', disk], { stdio: 'ignore' })
      } catch {
        return context.skip('only root may mount a disk that is read-only or small enough')
      }
      try {
        const found = compileNative(product, { cache: disk })
        expect(await found.then(square, (error: { code?: string }) => error.code)).toBe(expected)
        expect(await readdir(disk)).toEqual([])
      } finally {
        execFileSync('/bin/umount', [disk])
      }
    })
  })
})
