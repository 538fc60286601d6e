import { EngineError } from '../errors.ts'
import type { ElementData, Graph, Shape } from '../graph/graph.ts'
import { describeShape, sameShape, sizeOf } from '../graph/shapes.ts'
import type { Value } from './executor.ts'

/** Refuses feeds that are missing, unknown, or of another shape or type than the graph's input. */
export function checkFeeds(graph: Graph, feeds: Readonly<Record<string, Value>>) {
  for (const [name, { shape, type }] of Object.entries(graph.inputs)) {
    const fed = feeds[name]
    if (!fed)
      throw new EngineError('INVALID_INPUT', `The input "${name}" of shape ${describeShape(shape)} was not fed.`)
    if (fed.type !== type || !sameShape(fed.shape, shape))
      throw new EngineError(
        'INVALID_INPUT',
        `The input "${name}" is ${type} of shape ${describeShape(shape)}; it was fed ${fed.type} of shape ${describeShape(fed.shape)}.`,
      )
  }
  const unknown = Object.keys(feeds).find(name => !graph.inputs[name])
  if (unknown !== undefined)
    throw new EngineError(
      'INVALID_INPUT',
      `The graph has no input "${unknown}"; it has ${Object.keys(graph.inputs).join(', ') || 'none'}.`,
    )
}

export function checkData(data: ElementData | Float64Array, shape: Shape) {
  if (data.length !== sizeOf(shape))
    throw new EngineError('INVALID_INPUT', `${data.length} values do not fill the shape ${describeShape(shape)}.`)
}
