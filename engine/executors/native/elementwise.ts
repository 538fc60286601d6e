import type { Node, Operation } from '../../graph/graph.ts'

/** What gives a number of the result from one number of each input, written in C. */
const expressions: { readonly [O in Operation]?: (...inputs: readonly string[]) => string } = {
  add: (a, b) => `${a} + ${b}`,
  subtract: (a, b) => `${a} - ${b}`,
  multiply: (a, b) => `${a} * ${b}`,
  divide: (a, b) => `${a} / ${b}`,
  // Written so that what is not a number stays one.
  minimum: (a, b) => `${a} < ${b} || ${a} != ${a} ? ${a} : ${b}`,
  maximum: (a, b) => `${a} > ${b} || ${a} != ${a} ? ${a} : ${b}`,
  greater: (a, b) => `${a} > ${b}`,
  equal: (a, b) => `${a} == ${b}`,
  negate: x => `-${x}`,
  exp: x => `exponential(${x})`,
  log: x => `logf(${x})`,
  sqrt: x => `sqrtf(${x})`,
  tanh: x => `tanhf(${x})`,
  sigmoid: x => `sigmoid(${x})`,
  relu: x => `${x} > 0 || ${x} != ${x} ? ${x} : 0`,
  erf: x => `error_function(${x})`,
  where: (condition, a, b) => `${condition} ? ${a} : ${b}`,
}

/** A cast is written by its type, and an addAt by the column; see `loop-code.ts`. */
export const isElementwise = ({ operation }: Node): boolean =>
  operation in expressions || operation === 'cast' || operation === 'addAt'

export function expressionOf({ operation, type }: Node, inputs: readonly string[]): string {
  if (operation === 'cast') return `(${cType(type)})${inputs[0]}`
  return expressions[operation]!(...inputs)
}

export const cType = (type: Node['type']) => (type === 'int32' ? 'int' : 'float')
