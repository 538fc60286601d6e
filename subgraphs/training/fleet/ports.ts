import type { Machine } from '../scheduling/turn.ts'

export interface Fleet {
  /** Bytes of memory that jobs may take of the largest machine that trains. */
  largestMemory(): Promise<number>
  /** Those that train now. */
  machines(): Promise<readonly Machine[]>
  /** Takes note of what a machine has. */
  see(nodeId: string, machine: Machine): Promise<void>
}
