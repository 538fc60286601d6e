import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { counted } from '../../../../engine/counted.ts'
import { DomainError } from '../../../../kernel/errors.ts'
import { backoff, pause } from '../../../../kernel/resilience/pause.ts'
import { answersBadly, contentTooLarge, otherChecksum, refused } from '../errors.ts'
import type { Fetched, Fetcher } from './fetcher.ts'

export interface Checksum {
  readonly kind: 'SHA256' | 'GIT'
  /** Hexadecimal. */
  readonly value: string
}

export interface Wanted {
  readonly url: string
  /** Where the file is to be. */
  readonly path: string
  readonly size?: number
  readonly checksum?: Checksum
}

interface Receiving {
  readonly fetcher: Pick<Fetcher, 'get'>
  readonly limitBytes: number
  /** Bytes that are here, and how many there will be, where that is known. */
  report(received: number, size: number | undefined): void
}

/** Losses in a row, without a byte between them, after which the download fails. */
const patience = 4

/** Brings a file, and goes on where an earlier call was cut off. Throws INVALID_INPUT where its checksum is another. */
export async function download(wanted: Wanted, receiving: Receiving): Promise<void> {
  const { url, path, checksum } = wanted
  const partial = `${path}.part`
  for (;;) {
    const isResumed = (await sizeOf(partial)) > 0
    await receive(wanted, partial, receiving)
    const found = checksum && (await checksumOf(partial, checksum.kind))
    if (found === checksum?.value) break
    await forget(partial)
    // What was begun earlier may be of another file: what is fetched anew decides.
    if (!isResumed) throw otherChecksum(url, checksum!.value, found!)
  }
  await rename(partial, path)
  await forget(partial)
}

async function receive(wanted: Wanted, partial: string, receiving: Receiving): Promise<void> {
  await using file = await open(partial, 'a+')
  for (let losses = 0; ; ) {
    const before = (await file.stat()).size
    if (before > 0 && before === wanted.size) return receiving.report(before, wanted.size)
    try {
      return await append(wanted, file, partial, before, receiving)
    } catch (error) {
      if (!(error instanceof DomainError && error.code === 'UNAVAILABLE')) throw error
      losses = (await file.stat()).size > before ? 1 : losses + 1
      if (losses > patience) throw error
      await pause(backoff(losses, 250))
    }
  }
}

async function append(
  { url, size: told }: Wanted,
  file: FileHandle,
  partial: string,
  before: number,
  { fetcher, limitBytes, report }: Receiving,
): Promise<void> {
  const tag = before > 0 ? await readFile(`${partial}.tag`, 'utf8').catch(() => '') : ''
  const fetched = await fetcher.get(url, tag ? { range: `bytes=${before}-`, 'if-range': tag } : {})
  const { status, headers, body } = fetched
  if (status !== 200 && status !== 206) {
    await body.dump()
    if (status === 416) {
      await file.truncate(0)
      throw answersBadly(url, 'has no such part of the file any more')
    }
    throw status >= 500 || status === 429 || status === 408
      ? answersBadly(url, `answers HTTP ${status}`)
      : refused(url, status)
  }
  const start = status === 206 ? before : 0
  if (start < before) await file.truncate(0)
  await writeFile(`${partial}.tag`, validatorOf(fetched))
  const length = headers['content-length'] === undefined ? undefined : Number(headers['content-length'])
  const size = told ?? (length === undefined ? undefined : start + length)
  let received = start
  report(received, size)
  try {
    for await (const chunk of arrived(body)) {
      received += chunk.length
      if (received > limitBytes) throw contentTooLarge(limitBytes)
      // As a whole: `write` may write a part.
      await file.appendFile(chunk)
      report(received, size)
    }
  } catch (error) {
    if (error instanceof DomainError) throw error
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw error
    throw answersBadly(url, `broke off after ${received}${size === undefined ? '' : ` of ${size}`} bytes`)
  }
  if (size !== undefined && received < size) throw answersBadly(url, `sent ${received} of ${counted(size, 'byte')}`)
  if (size !== undefined && received > size) {
    await file.truncate(0)
    throw answersBadly(url, `sent ${counted(received, 'byte')}, more than the ${size} that the file has`)
  }
}

/** To the last byte that arrived: a body that broke off gives an iterator no more of what it holds. */
async function* arrived(body: Fetched['body']): AsyncGenerator<Buffer> {
  try {
    yield* body
  } catch (error) {
    const held: Buffer | null = body.read()
    if (held) yield held
    throw error
  }
}

/** What tells this file from a later one under the same address; a weak tag does not. */
function validatorOf({ headers }: Fetched): string {
  const { etag, 'last-modified': modified } = headers
  if (typeof etag === 'string' && !etag.startsWith('W/')) return etag
  return typeof modified === 'string' ? modified : ''
}

/** Of a file; Git's is the SHA-1 of a header and the content. */
export async function checksumOf(path: string, kind: Checksum['kind']): Promise<string> {
  const hash = createHash(kind === 'GIT' ? 'sha1' : 'sha256')
  if (kind === 'GIT') hash.update(`blob ${(await stat(path)).size}\0`)
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  )

const forget = (partial: string) => Promise.all([partial, `${partial}.tag`].map(path => rm(path, { force: true })))
