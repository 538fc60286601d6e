import { open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { ForgeError } from './errors.ts'
import { refusal } from './file-download.ts'
import { backoff, pause } from './pause.ts'
import type { Transport } from './transport.ts'

export interface UploadProgress {
  /** Of the upload: give it as `resume` to go on with it another time. */
  readonly id: string
  readonly sentBytes: number
  readonly sizeBytes: number
}

export interface UploadOptions {
  /** An upload of the same file that was cut off. */
  readonly resume?: string
  readonly project?: string
  readonly onProgress?: (progress: UploadProgress) => void
  readonly signal?: AbortSignal
}

/** Bytes of one request; what of it has arrived is kept when the connection is lost. */
const partBytes = 16 * 1024 ** 2
/** Losses in a row, without a byte between them, after which the upload fails. */
const patience = 5
const tus = { 'tus-resumable': '1.0.0' }

/** Sends a file by tus 1.0 (tus.io). Throws NOT_FOUND where the upload to resume is no more. */
export async function uploadFile(transport: Transport, path: string, options: UploadOptions): Promise<string> {
  const { onProgress, signal } = options
  const sizeBytes = await sizeOf(path)
  const id = options.resume ?? (await begin(transport, path, sizeBytes, options))
  let sentBytes = options.resume === undefined ? 0 : await offsetOf(transport, id, sizeBytes, signal)
  onProgress?.({ id, sentBytes, sizeBytes })
  await using file = await open(path)
  for (let losses = 0; sentBytes < sizeBytes; ) {
    const before = sentBytes
    try {
      const { buffer, bytesRead } = await file.read(
        Buffer.alloc(Math.min(partBytes, sizeBytes - before)),
        0,
        null,
        before,
      )
      if (bytesRead === 0) throw changed(path)
      sentBytes = await append(transport, id, before, buffer.subarray(0, bytesRead), signal)
    } catch (error) {
      if (signal?.aborted || !(error instanceof ForgeError && error.code === 'UNAVAILABLE')) throw error
      losses += 1
      if (losses > patience) throw lost(id, before, error)
      await pause(backoff(losses), signal)
      signal?.throwIfAborted()
      sentBytes = await offsetOf(transport, id, sizeBytes, signal).catch(() => before)
    }
    if (sentBytes > before) losses = 0
    onProgress?.({ id, sentBytes, sizeBytes })
  }
  return id
}

async function begin(transport: Transport, path: string, size: number, { project, signal }: UploadOptions) {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const metadata = [`filename ${base64(basename(path))}`, ...(project ? [`project ${base64(project)}`] : [])]
  const headers = { ...tus, 'upload-length': String(size), 'upload-metadata': metadata.join(',') }
  const response = await transport.send('/uploads', { method: 'POST', headers, signal })
  if (response.status !== 201) throw await refusal(response, path)
  return response.headers.get('location')!.split('/').at(-1)!
}

/** How many bytes of it are there. */
async function offsetOf(transport: Transport, id: string, size: number, signal?: AbortSignal): Promise<number> {
  const response = await transport.send(`/uploads/${encodeURIComponent(id)}`, { method: 'HEAD', headers: tus, signal })
  if (response.status === 404 || response.status === 410) throw gone(id)
  if (!response.ok) throw await refusal(response, id)
  const length = Number(response.headers.get('upload-length'))
  if (length !== size) throw otherFile(id, length, size)
  return Number(response.headers.get('upload-offset'))
}

async function append(
  transport: Transport,
  id: string,
  offset: number,
  body: Uint8Array<ArrayBuffer>,
  signal?: AbortSignal,
): Promise<number> {
  const headers = { ...tus, 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' }
  const response = await transport.send(`/uploads/${encodeURIComponent(id)}`, {
    method: 'PATCH',
    headers,
    body,
    signal,
  })
  if (response.status === 404 || response.status === 410) throw gone(id)
  // Another request for it is not over yet: what has arrived shows when it is asked for again.
  if ([409, 423, 429].includes(response.status) || response.status >= 500) {
    throw new ForgeError('UNAVAILABLE', `The forge answers HTTP ${response.status} for the upload ${id}.`)
  }
  if (response.status !== 204) throw await refusal(response, id)
  return Number(response.headers.get('upload-offset'))
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(error => {
    throw new ForgeError('INVALID_INPUT', `${path} can't be read: ${error.message}`, { cause: error })
  })
  if (!found.isFile()) throw new ForgeError('INVALID_INPUT', `${path} is no file: name one, or pack the folder.`)
  if (found.size === 0) throw new ForgeError('INVALID_INPUT', `${path} is empty: there is nothing to send.`)
  return found.size
}

const gone = (id: string) =>
  new ForgeError('NOT_FOUND', `There is no upload ${id} any more: send the file without \`resume\`.`)

const otherFile = (id: string, length: number, size: number) =>
  new ForgeError(
    'CONFLICT',
    `The upload ${id} is of a file of ${length} bytes, and this one has ${size}: name that file.`,
  )

const changed = (path: string) =>
  new ForgeError('CONFLICT', `${path} became shorter while it was sent: send it again from the beginning.`)

const lost = (id: string, size: number, cause: ForgeError) =>
  new ForgeError('UNAVAILABLE', `The connection was lost at byte ${size}: go on with \`resume\` and ${id}.`, { cause })
