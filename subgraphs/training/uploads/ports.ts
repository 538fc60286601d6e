import type { Upload } from './upload.ts'

export interface Uploads {
  find(id: string): Promise<Upload | null>
  remove(id: string): Promise<void>
  /** Removes what nobody has sent a byte of for days, but for those in use. */
  sweep(inUse: readonly string[]): Promise<void>
}
