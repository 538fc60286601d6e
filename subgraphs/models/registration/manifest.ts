import { createHash } from 'node:crypto'
import type { ModelFile } from '../versions/version.ts'

/**
 * One digest for all files: SHA-256 over what `sha256sum` prints for them in the order of paths, so that
 * `sha256sum config.json … | sha256sum` gives it again.
 */
export function manifestDigest(files: readonly ModelFile[]): string {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const lines = sorted.map(({ path, digest }) => `${digest.replace(/^sha256:/, '')}  ${path}\n`)
  return `sha256:${createHash('sha256').update(lines.join('')).digest('hex')}`
}

/** Whoever writes the file into a folder must stay inside of it. */
export function isPlainPath(path: string): boolean {
  return path.length <= 255 && path.split('/').every(part => /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(part))
}
