import { forbidden, notFound } from '../../../kernel/errors.ts'

export const mayNotRead = (principal: string) =>
  forbidden(`${principal} lacks the scope models:read that files of models need: ask an admin for it.`)

export const badLink = () => forbidden('This link is not signed by the forge, or was changed: ask for a new one.')

export const expiredLink = (at: Date) => forbidden(`This link ended at ${at.toISOString()}: ask for a new one.`)

export const versionNotFound = (id: string) =>
  notFound(
    `There is no model version ${JSON.stringify(id)}: \`modelVersion(ref: …) { files { url } }\` gives addresses.`,
  )

export const fileNotFound = (id: string, path: string, known: readonly string[]) =>
  notFound(`Model version "${id}" has no file ${JSON.stringify(path)}: it has ${known.join(', ')}.`)

export const bytesNotFound = (id: string, path: string, digest: string) =>
  notFound(`The bytes of "${path}" of model version "${id}" (${digest}) are gone: restore the blob from a backup.`)
