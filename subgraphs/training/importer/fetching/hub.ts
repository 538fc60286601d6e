import { matchesGlob } from 'node:path'
import { z } from 'zod'
import { DomainError, invalidInput, notFound } from '../../../../kernel/errors.ts'
import type { DataFormat, HubSource } from '../../imports/source.ts'
import { answersBadly, refused } from '../errors.ts'
import { formatOf } from '../formats/format.ts'
import type { Checksum } from './download.ts'
import type { Fetcher, FetchSettings } from './fetcher.ts'

export interface HubFile {
  readonly name: string
  readonly url: string
  readonly size?: number
  readonly checksum?: Checksum
}

const listing = z.object({
  sha: z.string(),
  siblings: z.array(
    z.object({
      rfilename: z.string(),
      size: z.number().nullish(),
      blobId: z.string().nullish(),
      lfs: z.object({ sha256: z.string().optional(), size: z.number().optional() }).nullish(),
    }),
  ),
})
type Sibling = z.output<typeof listing>['siblings'][number]

/** Bytes of the longest listing. */
const longestListing = 64 << 20

/**
 * Files of a data set of the hub, of the commit that the revision stands for at the moment: what is fetched afterwards
 * is of one state. Without globs, all files of the format that it has in Parquet, else in JSONL, else as text.
 */
export async function hubFiles(
  fetcher: Fetcher,
  { hub }: FetchSettings,
  source: HubSource,
): Promise<readonly HubFile[]> {
  const { id, revision, files: globs } = source
  const url = `${hub}/api/datasets/${id}/revision/${encodeURIComponent(revision)}?blobs=true`
  const { sha, siblings } = await list(fetcher, hub, url)
  const chosen =
    globs.length > 0
      ? siblings.filter(({ rfilename }) => globs.some(glob => matchesGlob(rfilename, glob)))
      : ofOneFormat(siblings)
  if (chosen.length === 0) throw nothingChosen(id, globs, siblings)
  return chosen
    .toSorted((one, other) => (one.rfilename < other.rfilename ? -1 : 1))
    .map(({ rfilename: name, size, blobId, lfs }) => ({
      name,
      url: `${hub}/datasets/${id}/resolve/${sha}/${name.split('/').map(encodeURIComponent).join('/')}`,
      size: lfs?.size ?? size ?? undefined,
      checksum: lfs?.sha256
        ? { kind: 'SHA256', value: lfs.sha256 }
        : blobId && !lfs
          ? { kind: 'GIT', value: blobId }
          : undefined,
    }))
}

async function list(fetcher: Fetcher, hub: string, url: string) {
  const { status, body } = await fetcher.get(url).catch(error => {
    if (error instanceof DomainError && error.code === 'UNAVAILABLE') throw offline(hub, error)
    throw error
  })
  if (status !== 200) {
    await body.dump()
    throw status >= 500 || status === 429 ? answersBadly(url, `answers HTTP ${status}`) : refused(url, status)
  }
  const parts: Buffer[] = []
  let size = 0
  for await (const part of body) {
    size += part.length
    if (size > longestListing) throw answersBadly(url, `lists more than ${longestListing} bytes of files`)
    parts.push(part)
  }
  try {
    return listing.parse(JSON.parse(Buffer.concat(parts).toString()))
  } catch {
    throw answersBadly(url, 'does not answer as the Hugging Face hub does')
  }
}

function ofOneFormat(siblings: readonly Sibling[]): readonly Sibling[] {
  const of = (format: DataFormat) => siblings.filter(({ rfilename }) => formatOf(rfilename) === format)
  return [of('PARQUET'), of('JSONL'), of('TEXT').filter(isPlainText)].find(files => files.length > 0) ?? []
}

const isPlainText = ({ rfilename }: Sibling) => /\.txt(\.gz|\.zst)?$/.test(rfilename)

const nothingChosen = (id: string, globs: readonly string[], siblings: readonly Sibling[]) => {
  const some = siblings.slice(0, 10).map(({ rfilename }) => rfilename)
  const asked = globs.length > 0 ? `matches ${globs.join(', ')}` : 'is Parquet, JSONL or .txt'
  return globs.length > 0
    ? notFound(`No file of "${id}" ${asked}: it has ${some.join(', ') || 'none'}.`)
    : invalidInput(`No file of "${id}" ${asked}: name some by \`files\`; it has ${some.join(', ') || 'none'}.`)
}

const offline = (hub: string, cause: DomainError) =>
  new DomainError(
    'UNAVAILABLE',
    `The hub cannot be asked: ${cause.message} A mirror can be named by FORGE_HUB (now ${hub}).`,
    { cause },
  )
