import { createHash } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

export interface WrittenFile {
  readonly path: string
  readonly sizeBytes: number
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string
}

/** Writes a file part by part; it has its name only once it is whole and on the disk, and nothing stays where the parts fail. */
export async function writeFileParts(
  folder: string,
  path: string,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<WrittenFile> {
  const place = join(folder, path)
  await mkdir(join(place, '..'), { recursive: true })
  const hash = createHash('sha256')
  let sizeBytes = 0
  try {
    await using file = await open(`${place}.part`, 'w')
    for await (const part of parts) {
      hash.update(part)
      sizeBytes += part.length
      await file.writeFile(part)
    }
    await file.sync()
  } catch (error) {
    await rm(`${place}.part`, { force: true })
    throw error
  }
  await rename(`${place}.part`, place)
  return { path, sizeBytes, digest: `sha256:${hash.digest('hex')}` }
}
