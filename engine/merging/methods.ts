import { EngineError } from '../errors.ts'
import type { MergeMethod } from './merge-method.ts'
import { arceeFusion } from './methods/arcee-fusion.ts'
import { breadcrumbs } from './methods/breadcrumbs.ts'
import { breadcrumbsTies } from './methods/breadcrumbs-ties.ts'
import { dareLinear } from './methods/dare-linear.ts'
import { dareTies } from './methods/dare-ties.ts'
import { della } from './methods/della.ts'
import { dellaLinear } from './methods/della-linear.ts'
import { karcher } from './methods/karcher.ts'
import { linear } from './methods/linear.ts'
import { modelStock } from './methods/model-stock.ts'
import { multislerp } from './methods/multislerp.ts'
import { nearswap } from './methods/nearswap.ts'
import { nuslerp } from './methods/nuslerp.ts'
import { passthrough } from './methods/passthrough.ts'
import { sce } from './methods/sce.ts'
import { slerp } from './methods/slerp.ts'
import { taskArithmetic } from './methods/task-arithmetic.ts'
import { ties } from './methods/ties.ts'

const mergeMethods: ReadonlyMap<string, MergeMethod> = new Map(
  [
    linear,
    slerp,
    nuslerp,
    multislerp,
    karcher,
    taskArithmetic,
    ties,
    dareLinear,
    dareTies,
    della,
    dellaLinear,
    breadcrumbs,
    breadcrumbsTies,
    sce,
    modelStock,
    nearswap,
    arceeFusion,
    passthrough,
  ].map(method => [method.name, method]),
)

/** Throws INVALID_INPUT naming the methods there are. */
export function mergeMethodNamed(name: string): MergeMethod {
  const method = mergeMethods.get(name)
  if (method) return method
  const known = [...mergeMethods.keys()].join(', ')
  throw new EngineError('INVALID_INPUT', `there is no merge method "${name}": take one of ${known}`)
}
