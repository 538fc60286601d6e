export interface Dataset {
  readonly id: string
  /** `*` for those that come with the forge. */
  readonly project: string
  readonly name: string
  /** Of the content, under which the blob store has it. */
  readonly digest: string
  readonly sizeBytes: number
  /** Unicode code points. */
  readonly characters: number
  readonly idempotencyKey: string | null
  readonly createdAt: Date
}

/** The project of what comes with the forge: everybody sees it, nobody changes it. */
export const everyProject = '*'

export const isBuiltIn = ({ project }: Dataset): boolean => project === everyProject

/** Largest text inside a request, in bytes. */
export const inlineLimit = 4 * 1024 * 1024
/** Largest dataset, in bytes: the trainer tokenizes it in memory. */
export const sizeLimit = 256 * 1024 * 1024

const namePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/
export const isDatasetName = (name: string): boolean => namePattern.test(name)
