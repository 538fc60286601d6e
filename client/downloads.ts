import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Connection } from './connection.ts'
import { ForgeError } from './errors.ts'
import { downloadFile, type FileSource } from './file-download.ts'
import { type ModelVersion, modelMethods } from './models.ts'

export interface DownloadProgress {
  /** The file that is being read. */
  readonly path: string
  /** Bytes of all files that are here. */
  readonly receivedBytes: number
  /** Bytes of all files. */
  readonly sizeBytes: number
}

export interface DownloadOptions {
  readonly signal?: AbortSignal
  onProgress?(progress: DownloadProgress): void
}

export interface Download {
  readonly version: ModelVersion
  /** Absolute. */
  readonly folder: string
  readonly files: readonly FileSource[]
}

export const downloadMethods = (connection: Connection) => ({
  /**
   * Writes the files of a version into a folder, which is made. Every byte is checked: a file has its name only once its
   * SHA-256 is right. What an earlier call left behind, whole or in part, is used. Throws a ForgeError where the bytes are
   * wrong or the connection is lost for good, and what the signal says where that aborts.
   */
  async download(ref: string, folder: string, { signal, onProgress }: DownloadOptions = {}): Promise<Download> {
    const version = await modelMethods(connection).modelVersion(ref)
    const target = resolve(folder)
    for (const { path } of version.files) requirePlain(path)

    let done = 0
    for (const file of version.files) {
      const place = join(target, file.path)
      await mkdir(join(place, '..'), { recursive: true })
      const report = (receivedBytes: number) =>
        onProgress?.({ path: file.path, receivedBytes: done + receivedBytes, sizeBytes: version.sizeBytes })
      await downloadFile(connection.transport, file, place, { signal, report })
      done += file.sizeBytes
    }
    const files = version.files.map(({ path, sizeBytes, digest, url }) => ({ path, sizeBytes, digest, url }))
    return { version, folder: target, files }
  },
})

/** A forge that is not ours may name anything: nothing is written outside of the folder. */
function requirePlain(path: string): void {
  if (path.split('/').every(part => /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(part))) return
  throw new ForgeError('INVALID_INPUT', `The forge names a file ${JSON.stringify(path)}: that is no path to write to.`)
}
