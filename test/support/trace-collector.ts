import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { close, listen } from '../../kernel/serve.ts'

export interface CollectedSpan {
  readonly traceId: string
  readonly spanId: string
  /** Empty at the root. */
  readonly parentSpanId: string
  readonly name: string
  readonly service: string
  readonly attributes: Readonly<Record<string, unknown>>
}

interface Attribute {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scopeSpans: readonly { readonly spans: readonly Omit<CollectedSpan, 'service' | 'attributes'>[] }[]
  }[]
}

/** Takes spans over OTLP/HTTP in JSON, as a collector does. */
export async function traceCollector() {
  const spans: CollectedSpan[] = []
  const server = createServer(async (request, response) => {
    if (request.url === '/v1/traces') spans.push(...read(JSON.parse((await buffer(request)).toString('utf8'))))
    response.writeHead(request.url === '/v1/traces' ? 200 : 404, { 'content-type': 'application/json' })
    response.end('{}')
  })
  const url = await listen(server, '127.0.0.1', 0)
  return {
    url,
    spans: spans as readonly CollectedSpan[],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await close(server)
    },
  }
}

const read = ({ resourceSpans }: Export): readonly CollectedSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(scope =>
      scope.spans.map(span => ({
        ...span,
        parentSpanId: span.parentSpanId ?? '',
        service: String(valuesOf(resource.attributes)['service.name']),
        attributes: valuesOf((span as unknown as { attributes?: readonly Attribute[] }).attributes ?? []),
      })),
    ),
  )

const valuesOf = (attributes: readonly Attribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
