import { counted } from '../../../engine/counted.ts'
import { DomainError, forbidden, invalidInput, notFound, unavailable } from '../../../kernel/errors.ts'

export const nothingMatched = (paths: readonly string[]) =>
  notFound(
    `No file of the forge's datasets folder matches ${paths.map(path => `"${path}"`).join(', ')}: put it there, and mind that what .gitignore names is left out.`,
  )

export const pathOutside = (path: string) =>
  invalidInput(`"${path}" leads out of the forge's datasets folder: name files by their place inside it.`)

export const fileUnreadable = (name: string, cause: Error) =>
  new DomainError('INVALID_INPUT', `The file "${name}" cannot be read (${cause.message}): see to its permissions.`, {
    cause,
  })

export const fileShrank = (name: string, size: number, read: number) =>
  invalidInput(
    `The file "${name}" had ${counted(size, 'byte')} and ended after ${read}: it was changed while it was read; import it again.`,
  )

export const notUtf8 = (name: string, at: number) =>
  invalidInput(`The file "${name}" is not UTF-8 at byte ${at}: convert it, for instance with iconv, or leave it out.`)

export const notUnpacked = (name: string, cause: Error) =>
  new DomainError(
    'INVALID_INPUT',
    `The file "${name}" cannot be unpacked (${cause.message}): fetch or pack it again.`,
    {
      cause,
    },
  )

export const noDocument = () =>
  invalidInput('The source has no text at all: every document in it is empty. Choose other files, or another field.')

export const contentTooLarge = (limit: number) =>
  new DomainError(
    'RESOURCE_EXHAUSTED',
    `The source has more than ${limit} bytes: import a part of it, or ask an operator to raise FORGE_IMPORT_LIMIT.`,
  )

export const badLine = (name: string, line: number, reason: string) =>
  invalidInput(`Line ${line} of "${name}" ${reason}: correct it, or leave it out.`)

/** `names` are those of the line; none where it is no object. */
export const noField = (name: string, line: number, field: string | null, names: readonly string[]) =>
  invalidInput(
    `Line ${line} of "${name}" has no field ${field === null ? '"text" or "messages"' : `"${field}"`}: ${
      names.length === 0
        ? 'write an object with one, or leave the line out'
        : `it has ${names.join(', ')}, of which \`field\` may name another`
    }.`,
  )

export const badParquet = (name: string, cause: Error) =>
  new DomainError(
    'INVALID_INPUT',
    `The file "${name}" cannot be read as Parquet (${cause.message}): write or fetch it again.`,
    {
      cause,
    },
  )

export const noColumn = (name: string, column: string, columns: readonly string[]) =>
  invalidInput(`"${name}" has no column "${column}": choose \`field\` among ${columns.join(', ')}.`)

export const badValue = (name: string, row: number, field: string, found: string) =>
  invalidInput(`Row ${row} of "${name}" has ${found} in "${field}": choose a field with texts or messages.`)

export const badTemplate = (cause: Error) =>
  new DomainError(
    'INVALID_INPUT',
    `The chat template cannot be used (${cause.message}): write Jinja, or take PLAIN, CHATML or LLAMA3.`,
    { cause },
  )

export const addressRefused = (host: string, address: string) =>
  forbidden(
    `"${host}" is at ${address}, which is no public address: the forge fetches from inside its network only from hosts that its operator lists in FORGE_IMPORT_HOSTS.`,
  )

export const badUrl = (url: string, reason: string) => invalidInput(`"${url}" cannot be fetched: ${reason}.`)

export const unreachable = (url: string, cause: unknown) =>
  unavailable(
    `${url} cannot be reached (${reasonOf(cause)}): is this machine online? Try again, or upload the data.`,
    cause,
  )

export const refused = (url: string, status: number) =>
  status === 404 || status === 410
    ? notFound(`${url} answers HTTP ${status}: there is no such file.`)
    : forbidden(`${url} answers HTTP ${status}: only what everybody may read can be fetched; else upload it.`)

export const answersBadly = (url: string, what: string) =>
  unavailable(`${url} ${what}: try again later, or upload the data.`)

export const otherChecksum = (url: string, expected: string, found: string) =>
  invalidInput(
    `${url} has the checksum ${found}, not ${expected}: it is another file, or was altered; nothing was kept.`,
  )

/** Of a chain of causes, the first that has a code says it best. */
function reasonOf(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code, errors } = cause as NodeJS.ErrnoException & { errors?: NodeJS.ErrnoException[] }
    const known = code ?? errors?.[0]?.code
    if (known !== undefined) return known
  }
  return error instanceof Error ? error.message : String(error)
}
