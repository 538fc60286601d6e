import type { Command } from 'commander'
import { json } from './options.ts'
import { type Console, run, Unsuccessful } from './session.ts'

export function queryCommand(program: Command, console: Console): void {
  program
    .command('query <graphql>')
    .description('ask anything of the graph; answers JSON, status 1 where it has errors')
    .option('--variables <json>', 'variables of the document', json, {})
    .action(
      run(console, async ({ forge, json, say }, document: string, { variables }: { variables: object }) => {
        const answer = await forge.execute(document, variables)
        say(JSON.stringify(answer, null, json ? undefined : 2))
        if (answer.errors) throw new Unsuccessful()
      }),
    )
}
