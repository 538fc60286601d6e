import { type AnsweredError, answered, ForgeError, unreachable } from './errors.ts'
import type { TypedDocumentString } from './generated/graphql.ts'

/** A document with the types of its variables and answer, or any text. */
type Document<Result, Variables> = TypedDocumentString<Result, Variables> | string

export interface Answer<Result> {
  readonly data?: Result | null
  readonly errors?: readonly AnsweredError[]
}

export interface Transport {
  /** The answer as it came, with its errors; throws only where there is none. */
  execute<Result, Variables>(document: Document<Result, Variables>, variables: Variables): Promise<Answer<Result>>
  /**
   * The data. Throws a ForgeError when a root field could not be had; a service that is away for a field further down
   * leaves null there.
   */
  request<Result, Variables>(document: Document<Result, Variables>, variables: Variables): Promise<Result>
  /** One root field of the data. */
  field<Result, Variables, Name extends keyof Result>(
    document: Document<Result, Variables>,
    name: Name,
    variables: Variables,
  ): Promise<NonNullable<Result[Name]>>
  /** Sends bytes to a path of the forge beside its graph. */
  put(path: string, body: Blob, options?: { signal?: AbortSignal }): Promise<Response>
  /** A request of another kind to such a path, whatever it answers. */
  send(path: string, request: RequestInit): Promise<Response>
  /** Any path of the forge beside its graph, whatever it answers; throws only where it answers nothing. */
  get(path: string, options?: { headers?: Readonly<Record<string, string>>; signal?: AbortSignal }): Promise<Response>
}

export function openTransport(url: string, apiKey: string | undefined): Transport {
  const credentials: Record<string, string> = apiKey ? { authorization: `Bearer ${apiKey}` } : {}
  const execute: Transport['execute'] = async (document, variables) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json',
        ...credentials,
      },
      body: JSON.stringify({ query: String(document), variables }),
    }).catch(error => {
      throw unreachable(url, error)
    })
    return readAnswer(url, response)
  }
  const request: Transport['request'] = async (document, variables) => dataOf(await execute(document, variables))
  return {
    execute,
    request,
    get: (path, { headers, signal } = {}) =>
      fetch(`${url}${path}`, { headers: { ...headers, ...credentials }, signal }).catch(error => {
        throw signal?.aborted ? error : unreachable(url, error)
      }),
    put: (path, body, { signal } = {}) =>
      fetch(`${url}${path}`, { method: 'PUT', body, headers: credentials, signal }).catch(error => {
        throw signal?.aborted ? error : unreachable(url, error)
      }),
    send: (path, request) =>
      fetch(`${url}${path}`, { ...request, headers: { ...request.headers, ...credentials } as HeadersInit }).catch(
        error => {
          throw request.signal?.aborted ? error : unreachable(url, error)
        },
      ),
    async field(document, name, variables) {
      const value = (await request(document, variables))[name]
      if (value == null) throw new ForgeError('INTERNAL', `The forge answered nothing for \`${String(name)}\`.`)
      return value
    },
  }
}

export function dataOf<Result>({ data, errors = [] }: Answer<Result>): Result {
  const fatal = data ? errors.find(({ path = [] }) => path.length <= 1) : errors[0]
  if (fatal) throw answered(fatal)
  if (!data) throw new ForgeError('INTERNAL', 'The forge answered neither data nor an error.')
  return data
}

async function readAnswer<Result>(url: string, response: Response): Promise<Answer<Result>> {
  const text = await response.text().catch(error => {
    throw unreachable(url, error)
  })
  try {
    return JSON.parse(text) as Answer<Result>
  } catch (cause) {
    const what = `HTTP ${response.status} and no JSON`
    throw new ForgeError('UNAVAILABLE', `${url}/graphql answers ${what}: is FORGE_URL the address of a forge?`, {
      cause,
    })
  }
}
