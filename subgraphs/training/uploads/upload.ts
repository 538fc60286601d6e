/** A file that is being sent, or was. */
export interface Upload {
  readonly id: string
  readonly project: string
  readonly fileName: string
  readonly sizeBytes: number
  readonly receivedBytes: number
}
