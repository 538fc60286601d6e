import type { Command } from 'commander'
import type { Forge } from '../forge.ts'
import type { Page, PageInput } from '../page.ts'
import { integer } from './options.ts'
import { type Console, run } from './session.ts'

/** Lets a command show a page of a list, and say how to get the next one; further options of it come with the page. */
export const listing = <T, Chosen extends PageInput>(
  command: Command,
  console: Console,
  read: (forge: Forge, chosen: Chosen) => Promise<Page<T>>,
  text: (items: readonly T[]) => string,
): Command =>
  command
    .option('--first <count>', 'at most so many (20; 100 at most)', integer)
    .option('--after <cursor>', 'go on behind the page before')
    .action(
      run(console, async ({ forge, show }, chosen: Chosen) =>
        show(await read(forge, chosen), ({ items, next }) =>
          next === null ? text(items) : `${text(items)}\n\nMore: --after ${next}`,
        ),
      ),
    )
