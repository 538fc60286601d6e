export interface Fleet {
  /** Bytes of memory of the largest machine that trains. */
  largestMemory(): Promise<number>
  /** Takes note of a machine's memory. */
  see(nodeId: string, memoryBytes: number): Promise<void>
}
