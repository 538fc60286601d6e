import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  paginateListObjectsV2,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { DomainError, unavailable } from '../errors.ts'
import type { ByteRange } from './blobs.ts'
import type { Objects } from './objects.ts'

export interface S3Settings {
  readonly bucket: string
  /** Before every name, without `/` at its end. */
  readonly prefix: string
  readonly region: string
  /** Of another service than AWS, which is then asked by path. */
  readonly endpoint?: string
  /** Otherwise AWS's own chain: environment, shared files, the machine's role. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

/** Uploaded at once, of parts that a multipart upload must have; in bytes. */
const partSize = 8 * 1024 * 1024

/**
 * Objects of an S3 bucket. An upload is seen only when it is complete: it is written under a name of its own, and copied
 * to its place once that is known. A lifecycle rule on `incoming/` removes what a crash leaves there.
 */
export function openBucket({ bucket: Bucket, prefix, region, endpoint, credentials }: S3Settings): Objects {
  const client = new S3Client({ region, credentials, ...(endpoint && { endpoint, forcePathStyle: true }) })
  const place = `s3://${Bucket}/${prefix}`
  const keyOf = (name: string) => (prefix === '' ? name : `${prefix}/${name}`)
  const asked = <T>(answer: Promise<T>): Promise<T> => answer.catch(error => Promise.reject(named(error, place)))
  const head = async (name: string): Promise<HeadObjectCommandOutput | null> => {
    try {
      return await client.send(new HeadObjectCommand({ Bucket, Key: keyOf(name) }))
    } catch (error) {
      if (isMissing(error)) return null
      throw named(error, place)
    }
  }
  const remove = async (name: string): Promise<void> => {
    await asked(client.send(new DeleteObjectCommand({ Bucket, Key: keyOf(name) })))
  }
  const copy = (from: string, to: string) =>
    client.send(
      new CopyObjectCommand({
        Bucket,
        Key: keyOf(to),
        CopySource: `${Bucket}/${keyOf(from)}`,
        // S3 copies an object onto itself only where something changes, if only what is said of it.
        ...(from === to && { MetadataDirective: 'REPLACE' as const, Metadata: { touched: String(Date.now()) } }),
      }),
    )

  return {
    place,
    async write(bytes, name) {
      const temporary = `incoming/${randomUUID()}`
      let failure: unknown
      // The SDK wraps what its source throws, or loses it.
      async function* source() {
        try {
          yield* bytes
        } catch (error) {
          failure = error
          throw error
        }
      }
      const params = { Bucket, Key: keyOf(temporary), Body: Readable.from(source(), { objectMode: false }) }
      try {
        await new Upload({ client, params, partSize, queueSize: 2 }).done()
      } catch (error) {
        throw failure ?? named(error, place)
      }
      try {
        await asked(copy(temporary, await name()))
      } finally {
        await remove(temporary)
      }
    },
    size: async name => (await head(name))?.ContentLength ?? null,
    async read(name, part) {
      const Range = part && `bytes=${part.start}-${part.end === Number.MAX_SAFE_INTEGER ? '' : part.end}`
      const { Body, ContentRange } = await asked(client.send(new GetObjectCommand({ Bucket, Key: keyOf(name), Range })))
      if (!part) return Body as Readable
      return Readable.from(cut(Body as Readable, part, ContentRange === undefined), { objectMode: false })
    },
    async touch(name) {
      try {
        await copy(name, name)
        return true
      } catch (error) {
        if (isMissing(error)) return false
        throw named(error, place)
      }
    },
    async collect(name, before) {
      const found = await head(name)
      if (found?.LastModified && found.LastModified > before) return false
      if (found) await remove(name)
      return true
    },
    remove,
    async *list(folder) {
      const pages = paginateListObjectsV2({ client }, { Bucket, Prefix: `${keyOf(folder)}/` })
      const start = keyOf('').length
      for await (const { Contents = [] } of pages) for (const { Key } of Contents) if (Key) yield Key.slice(start)
    },
  }
}

/** No more than was asked for: some services answer some ranges with more, or with the whole. */
async function* cut(bytes: Readable, { start, end }: ByteRange, isWhole: boolean): AsyncGenerator<Buffer> {
  let skip = isWhole ? start : 0
  let rest = end - start + 1
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    const part = chunk.subarray(skip, skip + rest)
    skip = Math.max(0, skip - chunk.length)
    rest -= part.length
    if (part.length > 0) yield part
    if (rest === 0) return
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof S3ServiceException &&
  (error.name === 'NotFound' || error.name === 'NoSuchKey' || error.$metadata.httpStatusCode === 404)

function named(error: unknown, place: string): unknown {
  if (error instanceof DomainError) return error
  if (error instanceof S3ServiceException && (error.$metadata.httpStatusCode ?? 500) < 500) {
    const message = `${place} answers ${error.name}: check FORGE_S3_BUCKET, its policy and the credentials.`
    return new DomainError('INTERNAL', message, { cause: error })
  }
  return unavailable(`${place} cannot be reached: try again in a moment.`, error)
}
