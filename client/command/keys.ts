import type { Command } from 'commander'
import type { ApiKey } from '../identities.ts'
import { time } from './figures.ts'
import { listing } from './listing.ts'
import { integer, oneOf } from './options.ts'
import { type Console, run } from './session.ts'
import { fields, table } from './table.ts'

const roles = oneOf('VIEWER', 'TRAINER', 'OPERATOR', 'ADMIN')

interface Create {
  readonly role: ReturnType<typeof roles>
  readonly project?: string
  readonly expiresInSeconds?: number
}

export function keyCommands(program: Command, console: Console): void {
  const keys = program.command('keys').description('API keys')

  keys
    .command('create <name>')
    .description('make a key; it is shown this once')
    .requiredOption('--role <role>', 'VIEWER, TRAINER, OPERATOR or ADMIN', roles)
    .option('--project <name>', 'the project that it sees, or * for all')
    .option('--expires-in-seconds <seconds>', 'how long it is valid', integer)
    .action(
      run(console, async ({ forge, show }, name: string, options: Create) =>
        show(await forge.createApiKey({ name, ...options }), ({ key }) => `${key}`),
      ),
    )

  listing(keys.command('list').description('newest first'), console, (forge, page) => forge.apiKeys(page), keyTable)

  keys
    .command('revoke <id>')
    .description('end a key for good')
    .action(
      run(console, async ({ forge, show }, id: string) =>
        show(await forge.revokeApiKey(id), ({ prefix, name }) => `${prefix}… (${name}) is revoked`),
      ),
    )

  program
    .command('whoami')
    .description('who you are to the forge')
    .action(
      run(console, async ({ forge, show }) =>
        show(await forge.viewer(), ({ principal, name, role, project, scopes }) =>
          fields({ name, principal, role: role ?? '–', project, scopes: scopes.join(', '), forge: forge.url }),
        ),
      ),
    )

  program
    .command('login')
    .description('an address that logs a browser in, once, within ten minutes')
    .action(
      run(console, async ({ forge, show }) =>
        show(await forge.createLoginCode(), ({ code }) => `${forge.url}/login?code=${code}`),
      ),
    )
}

const keyTable = (keys: readonly ApiKey[]) =>
  table(keys, {
    id: key => key.id,
    key: key => `${key.prefix}…`,
    name: key => key.name,
    role: key => key.role,
    project: key => key.project,
    used: key => time(key.lastUsedAt),
    state: key => (key.revokedAt ? `revoked ${time(key.revokedAt)}` : `valid ${validity(key)}`),
  })

const validity = ({ expiresAt }: ApiKey) => (expiresAt ? `until ${time(expiresAt)}` : 'until revoked')
