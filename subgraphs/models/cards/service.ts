import { WEIGHTS } from '../../../engine/formats/huggingface.ts'
import type { Loaders } from '../loaders.ts'
import { parentsOf } from '../versions/service.ts'
import type { ModelVersion, VersionFile } from '../versions/version.ts'
import { cardText } from './card.ts'
import { lossCurveSvg } from './loss-curve.ts'

interface Parts {
  readonly loaders: Loaders
}

export async function cardOf({ loaders }: Parts, version: ModelVersion): Promise<string> {
  const [model, aliases, files, parents, children, job, curve] = await Promise.all([
    loaders.model.load(version.modelId),
    loaders.aliasesOfVersion.load(version.id),
    loaders.files.load(version.id),
    parentsOf(version, loaders),
    loaders.childrenOf.load(version.id),
    version.jobId ? loaders.jobFacts.load(version.jobId) : null,
    lossCurveOf({ loaders }, version),
  ])
  const weights = weightsOf(files)
  const filesOfParents = await Promise.all(parents.map(({ id }) => loaders.files.load(id)))
  const copied = parents.find((_, index) => weights && weightsOf(filesOfParents[index]!) === weights)
  const refOf = async ({ modelId, number }: ModelVersion) => `${(await loaders.model.load(modelId))!.name}/${number}`
  return cardText({
    version,
    model: model!,
    aliases: aliases.map(({ name }) => name),
    files,
    parents: await Promise.all(parents.map(refOf)),
    children: await Promise.all(children.map(refOf)),
    copyOf: copied ? await refOf(copied) : null,
    job,
    hasCurve: curve !== null,
  })
}

const weightsOf = (files: readonly VersionFile[]) => files.find(({ path }) => path === WEIGHTS)?.digest

export async function lossCurveOf({ loaders }: Parts, { jobId }: ModelVersion): Promise<string | null> {
  return jobId === null ? null : lossCurveSvg(await loaders.curve.load(jobId))
}
