import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { UploadSource } from '../imports/source.ts'
import { noUpload } from '../uploads/errors.ts'
import { readUpload } from '../uploads/store.ts'
import { otherChecksum } from './errors.ts'
import { checksumOf } from './fetching/download.ts'
import type { Found } from './source-file.ts'

/** A file that was uploaded whole, and is what its checksum says. */
export async function findUpload(folder: string, { id, sha256 }: UploadSource): Promise<Found> {
  const upload = await readUpload(folder, id)
  if (!upload) throw noUpload(id)
  const path = join(folder, id)
  if (sha256 !== null) {
    const found = await checksumOf(path, 'SHA256')
    if (found !== sha256) throw otherChecksum(`The upload ${id}`, sha256, found)
  }
  return { name: upload.fileName, path, size: (await stat(path)).size }
}
