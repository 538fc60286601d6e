import { z } from 'zod'
import { EngineError } from '../errors.ts'
import { seededRandom } from '../random.ts'
import { modularEquations } from './modular-arithmetic.ts'
import { arithmeticLine } from './number-words.ts'
import { copyLine, sortLine } from './sequences.ts'

const seed = z.int().min(0).default(42)
const count = z.int().min(1).max(100_000_000).default(10_000)
const length = z.int().min(1).max(10_000)
const sequences = { count, seed, shortest: length.default(1), longest: length.default(12) }

/** A task whose examples are made, not collected; equal values make equal examples on every machine. */
const taskSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('MODULAR_ARITHMETIC'),
    operation: z.string().min(1).max(200).default('x*y'),
    prime: z.int().default(97),
    leastY: z.int().min(0).default(0),
    seed,
  }),
  z.strictObject({ kind: z.literal('COPY'), ...sequences }),
  z.strictObject({ kind: z.literal('SORT'), ...sequences }),
  z.strictObject({
    kind: z.literal('ARITHMETIC_WORDS'),
    count,
    seed,
    largest: z.int().min(1).max(999).default(99),
  }),
])

export type Task = z.output<typeof taskSchema>

/** A task with its defaults filled in. Throws INVALID_INPUT naming what does not fit. */
export function readTask(given: unknown): Task {
  const parsed = taskSchema.safeParse(given)
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!
    throw invalid(`${path.join('.') || 'it'} is not usable (${message})`)
  }
  const task = parsed.data
  if ('shortest' in task && task.shortest > task.longest) {
    throw invalid(`shortest is ${task.shortest}, above longest, which is ${task.longest}`)
  }
  return task
}

/** The examples, one text each. Those of modular arithmetic are all there are, in an order drawn from the seed. */
export function* taskExamples(task: Task): Generator<string> {
  const random = seededRandom(task.seed)
  if (task.kind === 'MODULAR_ARITHMETIC') {
    const equations = random.shuffle(modularEquations(task))
    for (const { x, y, result } of equations) yield `${x} o ${y} = ${result}`
    return
  }
  const line = {
    COPY: () => copyLine(random, task as Extract<Task, { kind: 'COPY' }>),
    SORT: () => sortLine(random, task as Extract<Task, { kind: 'SORT' }>),
    ARITHMETIC_WORDS: () => arithmeticLine(random, (task as Extract<Task, { kind: 'ARITHMETIC_WORDS' }>).largest),
  }[task.kind]
  for (let made = 0; made < task.count; made++) yield line()
}

function invalid(reason: string): EngineError {
  return new EngineError('INVALID_INPUT', `the task cannot be made: ${reason}`)
}
