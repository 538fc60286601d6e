import { renderGraphiQL } from '@graphql-yoga/render-graphiql'

/** Time for Sandbox's script to come before GraphiQL takes its place, in ms. */
const patience = 4_000

/** Apollo Sandbox from its own servers; GraphiQL from here where those cannot be reached. */
export const sandboxPage = (): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Agent Forge: the graph</title>
<style>html, body, #sandbox { margin: 0; width: 100%; height: 100% }</style>
</head>
<body>
<div id="sandbox"></div>
<script>
const fallBack = () => location.replace('/graphiql' + location.search)
const tooLate = setTimeout(fallBack, ${patience})
const script = document.createElement('script')
script.src = 'https://embeddable-sandbox.cdn.apollographql.com/_latest/embeddable-sandbox.umd.production.min.js'
script.onerror = fallBack
script.onload = () => {
  clearTimeout(tooLate)
  new window.EmbeddedSandbox({
    target: '#sandbox',
    initialEndpoint: location.origin + '/graphql',
    initialSubscriptionEndpoint: location.origin.replace(/^http/, 'ws') + '/graphql',
    includeCookies: true,
    hideCookieToggle: true,
  })
}
document.body.append(script)
</script>
</body>
</html>
`

export const graphiqlPage = (): string =>
  renderGraphiQL({
    title: 'Agent Forge',
    endpoint: '/graphql',
    credentials: 'same-origin',
    subscriptionsProtocol: 'WS',
  })

/** `problem` is text of ours, without markup. */
export const loginFailedPage = (problem: string): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Agent Forge: login</title></head>
<body>
<h1>You are not logged in</h1>
<p>${problem}</p>
<p>Start the forge again to get a new login URL, or send the header <code>Authorization: Bearer KEY</code> with an API key:
the administrator's is in the file <code>admin-key</code> of the forge's data folder.</p>
</body>
</html>
`
