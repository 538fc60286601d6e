import { buffer } from 'node:stream/consumers'
import { CONFIG, TOKENIZER, WEIGHTS } from '../../../engine/formats/huggingface.ts'
import { inspectHuggingFace } from '../../../engine/formats/huggingface-inspection.ts'
import { headerEnd, parseHeader } from '../../../engine/formats/safetensors-header.ts'
import { chosenProject, type Identity } from '../../../kernel/auth/identity.ts'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import { invalidInput, notFound } from '../../../kernel/errors.ts'
import type { Phase } from '../../../schema/values.ts'
import { fromEngine } from '../generation/errors.ts'
import { addVersion, type RegistrationParts } from '../registration/service.ts'
import type { ModelFile, ModelVersion } from '../versions/version.ts'

export interface ImportInput {
  readonly name: string
  readonly phase: Phase
  readonly from: string
  readonly files: readonly { readonly path: string; readonly digest: string; readonly sizeBytes: number }[]
  readonly parents?: readonly string[] | null
  readonly project?: string | null
}

type Parts = RegistrationParts & { readonly blobs: Pick<Blobs, 'find' | 'read' | 'bytes'>; readonly identity: Identity }

/** Largest JSON file of a model that is read, in bytes. */
const largestJson = 64 * 1024 * 1024

/** Registers stored files of a Llama-layout folder as the next version of a model, like any other. */
export async function importVersion(parts: Parts, input: ImportInput): Promise<ModelVersion> {
  const project = chosenProject(parts.identity, input.project)
  const { config, parameterCount } = await inspect(parts, input.files)
  return addVersion(parts, project, {
    jobId: null,
    phase: input.phase,
    modelName: input.name,
    parameterCount,
    architecture: { kind: 'llama', ...config },
    files: [...input.files],
    metrics: [],
    parents: [...(input.parents ?? [])],
    dataset: null,
    runId: null,
    stepName: null,
    source: { from: input.from.slice(0, 200), by: parts.identity.principal },
  })
}

async function inspect({ blobs }: Parts, files: readonly ModelFile[]) {
  const json = async (path: string): Promise<unknown> => {
    const file = named(files, path)
    const stored = await blobs.find(file.digest)
    if (!stored) throw notStored(file)
    if (stored.sizeBytes > largestJson) throw tooLarge(path, stored.sizeBytes)
    try {
      return JSON.parse(Buffer.from(await blobs.bytes(file.digest)).toString())
    } catch (error) {
      throw error instanceof SyntaxError ? invalidInput(`The file ${path} is not JSON: ${error.message}.`) : error
    }
  }
  const weights = named(files, WEIGHTS)
  const stored = await blobs.find(weights.digest)
  if (!stored) throw notStored(weights)
  const head = async (length: number) =>
    length > stored.sizeBytes
      ? Buffer.alloc(0)
      : buffer(await blobs.read(weights.digest, { start: 0, end: length - 1 }))
  try {
    const end = headerEnd(await head(8), stored.sizeBytes)
    return inspectHuggingFace(await json(CONFIG), await json(TOKENIZER), parseHeader(await head(end), stored.sizeBytes))
  } catch (error) {
    throw fromEngine(error)
  }
}

function named(files: readonly ModelFile[], path: string): ModelFile {
  const file = files.find(file => file.path === path)
  if (!file) throw invalidInput(`The file ${path} is missing: a model has ${CONFIG}, ${TOKENIZER} and ${WEIGHTS}.`)
  return file
}

const notStored = ({ path, digest }: ModelFile) =>
  notFound(`The bytes of ${path} (${digest}) are not stored: PUT them to /artifacts/blobs/${digest} first.`)

const tooLarge = (path: string, size: number) =>
  invalidInput(`The file ${path} has ${size} bytes: at most ${largestJson} are read of a JSON file.`)
