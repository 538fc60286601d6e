import { badUrl } from '../errors.ts'

/** Throws INVALID_INPUT for what is no plain address of the web. */
export function checkedUrl(text: string): URL {
  if (!URL.canParse(text)) throw badUrl(text, 'it is no URL')
  const url = new URL(text)
  if (!['http:', 'https:'].includes(url.protocol)) throw badUrl(text, 'only http and https are fetched')
  if (url.username || url.password) throw badUrl(text, 'it carries a password, which would be stored with the dataset')
  return url
}
