import { counted } from '../../../engine/counted.ts'
import { forbidden, invalidInput, notFound } from '../../../kernel/errors.ts'
import type { Upload } from './upload.ts'

export const noUpload = (id: string) =>
  notFound(`There is no upload "${id}": send the file to /uploads first, or again if it is days old.`)

export const uploadUnfinished = ({ id, receivedBytes, sizeBytes }: Upload) =>
  invalidInput(`The upload ${id} has only ${receivedBytes} of its ${counted(sizeBytes, 'byte')}: send the rest first.`)

export const mayNotUpload = (principal: string) =>
  forbidden(`${principal} lacks the scope training:write: ask an admin for it.`)

export const sizeUntold = () =>
  invalidInput('An upload says its size at its beginning, as Upload-Length: send the length of the file.')

export const badUploadName = () =>
  invalidInput('An upload has a name, `filename` in Upload-Metadata, of 1 to 200 characters: name the file.')
