import { mkdir } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { ForgeError } from '../errors.ts'
import { writeFileParts } from './written-file.ts'

/** Bytes of a file whose size the hub does not say. */
const mostUnsaid = 64 * 1024 ** 2

/** Brings the configuration, the tokenizer and the weights of a model of the hub into a folder, as streams. */
export async function fetchFromHub(hub: string, id: string, folder: string, signal: AbortSignal): Promise<void> {
  if (!/^\w[\w.-]*\/\w[\w.-]*$/.test(id)) {
    throw new ForgeError('INVALID_INPUT', `There is no folder ${id}, and it is no id of the hub such as owner/name.`)
  }
  const ask = async (path: string): Promise<Response> => {
    const response = await fetch(`${hub}${path}`, { signal }).catch(error => {
      throw new ForgeError('UNAVAILABLE', `${hub} cannot be reached: import a folder, or try again.`, { cause: error })
    })
    if (response.ok) return response
    throw new ForgeError('NOT_FOUND', `${hub}${path} answers HTTP ${response.status}: is ${id} public?`)
  }
  const list = await buffer(bounded(await ask(`/api/models/${id}?blobs=true`), mostUnsaid))
  const { siblings } = JSON.parse(list.toString()) as { siblings: { rfilename: string; size?: number }[] }
  await mkdir(folder)
  for (const { rfilename: name, size } of siblings.filter(file => isPart(file.rfilename))) {
    await writeFileParts(folder, name, bounded(await ask(`/${id}/resolve/main/${name}`), size ?? mostUnsaid))
  }
}

/** What stands at the top of a model's folder; never a path that leads elsewhere. */
const isPart = (name: string): boolean => /^(config\.json|tokenizer\.json|[\w][\w.-]*\.safetensors)$/.test(name)

/** A few compressed bytes may become many: nothing is taken beyond what was announced. */
async function* bounded({ body, url }: Response, most: number): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const part of body ?? []) {
    size += part.length
    if (size > most) {
      throw new ForgeError('INVALID_INPUT', `${url} sends more than the ${most} bytes that it should have.`)
    }
    yield part
  }
}
