import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { type AnsweredError, answered, ForgeError } from './errors.ts'
import { backoff, pause } from './pause.ts'
import type { Transport } from './transport.ts'

export interface FileSource {
  readonly path: string
  readonly sizeBytes: number
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string
  /** Relative to the origin of the forge. */
  readonly url: string
}

interface Receiving {
  readonly signal?: AbortSignal
  /** Bytes of the file that are here. */
  report(receivedBytes: number): void
}

/** Losses in a row, without a byte between them, after which the download fails. */
const patience = 5

/** What has been received: its hash goes with it, so that nothing is read twice. */
interface Part {
  readonly file: FileHandle
  hash: Hash
  size: number
}

/** Brings one file to `place`. */
export async function downloadFile(
  transport: Transport,
  source: FileSource,
  place: string,
  receiving: Receiving,
): Promise<void> {
  if ((await sizeOf(place)) === source.sizeBytes && (await digestOf(place)) === source.digest) {
    return receiving.report(source.sizeBytes)
  }
  const partial = `${place}.part`
  const resumed = await receive(transport, source, partial, receiving)
  if (resumed.digest !== source.digest && resumed.from > 0) {
    // The part was begun from other bytes, by another call: what is fetched anew decides.
    await rm(partial)
    resumed.digest = (await receive(transport, source, partial, receiving)).digest
  }
  if (resumed.digest !== source.digest) {
    await rm(partial)
    throw altered(source, resumed.digest)
  }
  await rename(partial, place)
}

/** Fills `partial` from where it ends, across losses. */
async function receive(transport: Transport, source: FileSource, partial: string, { signal, report }: Receiving) {
  const kept = await sizeOf(partial)
  const from = kept !== null && kept <= source.sizeBytes ? kept : 0
  await using file = await open(partial, from > 0 ? 'r+' : 'w')
  const part: Part = { file, hash: createHash('sha256'), size: from }
  if (from > 0) for await (const chunk of createReadStream(partial)) part.hash.update(chunk)

  report(part.size)
  for (let losses = 0; part.size < source.sizeBytes; ) {
    const before = part.size
    try {
      await append(transport, source, part, signal, report)
    } catch (error) {
      if (signal?.aborted || !isLoss(error)) throw error
      losses = part.size > before ? 1 : losses + 1
      if (losses > patience) throw error
      await pause(backoff(losses), signal)
    }
    signal?.throwIfAborted()
  }
  await file.sync()
  return { digest: `sha256:${part.hash.digest('hex')}`, from }
}

async function append(
  transport: Transport,
  { url, path, digest, sizeBytes }: FileSource,
  part: Part,
  signal: AbortSignal | undefined,
  report: Receiving['report'],
): Promise<void> {
  const tag = `"${digest}"`
  const headers: Record<string, string> = part.size > 0 ? { range: `bytes=${part.size}-`, 'if-range': tag } : {}
  const response = await transport.get(url, { headers, signal })
  if (!response.ok || !response.body) throw await refusal(response, path)
  if (response.headers.get('etag') !== tag) {
    await response.body.cancel()
    throw new ForgeError('INTERNAL', `The forge sends other bytes of "${path}" than were asked for (${digest}).`)
  }
  if (response.status !== 206 && part.size > 0) {
    // Something on the way knows no ranges, and begins from the start.
    part.hash = createHash('sha256')
    part.size = 0
  }
  try {
    for await (const chunk of response.body) {
      if (part.size + chunk.length > sizeBytes) {
        throw new ForgeError('INTERNAL', `The forge sends more of "${path}" than its ${sizeBytes} bytes.`)
      }
      // A disk that is full takes a part of what it is given, and complains at the next.
      for (let done = 0; done < chunk.length; ) {
        done += (await part.file.write(chunk, done, chunk.length - done, part.size + done)).bytesWritten
      }
      part.hash.update(chunk)
      part.size += chunk.length
      report(part.size)
    }
  } catch (error) {
    throw error instanceof TypeError ? lost(path, part.size, error) : error
  }
  if (part.size < sizeBytes) throw lost(path, part.size)
}

const isLoss = (error: unknown): boolean => error instanceof ForgeError && error.code === 'UNAVAILABLE'

const lost = (path: string, size: number, cause?: unknown) =>
  new ForgeError('UNAVAILABLE', `The connection was lost at byte ${size} of "${path}": call again to go on.`, { cause })

const altered = ({ path, digest }: FileSource, found: string) =>
  new ForgeError('INTERNAL', `"${path}" arrived altered: its bytes are ${found}, not ${digest}. Nothing was kept.`)

export async function refusal(response: Response, path: string): Promise<ForgeError> {
  const body = (await response.json().catch(() => null)) as { errors?: AnsweredError[] } | null
  const [error] = body?.errors ?? []
  if (error) return answered(error)
  const code = response.status >= 500 ? 'UNAVAILABLE' : 'INTERNAL'
  return new ForgeError(code, `The forge answers HTTP ${response.status} for "${path}".`)
}

async function sizeOf(path: string): Promise<number | null> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  return found?.isFile() ? found.size : null
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return `sha256:${hash.digest('hex')}`
}
