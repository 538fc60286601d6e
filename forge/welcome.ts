import pc from 'picocolors'
import type { Forge } from './forge.ts'

/** Where to go once the forge serves. */
export const welcome = ({ url, loginUrl, adminKeyFile }: Forge): string => `
${pc.bold('Agent Forge serves.')}

  Graph in the browser   ${pc.cyan(loginUrl)}
                         ${pc.dim('(logs this browser in; works once, within ten minutes)')}
  GraphQL                ${url}/graphql
  Subscriptions          ${url.replace(/^http/, 'ws')}/graphql ${pc.dim('(graphql-ws)')}
  Admin key              ${adminKeyFile} ${pc.dim('(found by the command line by itself)')}
  Command line           npm run forge -- --help

`
