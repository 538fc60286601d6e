import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import { type CacheSettings, openCache } from '../../../subgraphs/training/tokens/cache.ts'
import type { TokenParts } from '../../../subgraphs/training/tokens/once.ts'

/** A folder for the tokens of one test file. */
export function scratchCache(limitBytes = 1e9): CacheSettings {
  const folder = mkdtempSync(join(tmpdir(), 'forge-tokens-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return { folder, limitBytes }
}

export const tokenParts = (blobs: Blobs, settings: CacheSettings): TokenParts => ({
  blobs,
  cache: openCache(settings),
  shouldStop: () => false,
  tell: () => {},
})
