/** A forge under test, whatever its shape; the scenarios know nothing else of it. */
export interface RunningForge extends AsyncDisposable {
  readonly url: string
  readonly adminKey: string
  /** Ends with SIGKILL whatever trains, and everything in the same process with it. */
  crash(): Promise<void>
  /** Starts again what `crash` ended. */
  restart(): Promise<void>
}
