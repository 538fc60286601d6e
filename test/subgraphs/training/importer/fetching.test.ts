import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { close, listen } from '../../../../kernel/serve.ts'
import { isPublic } from '../../../../subgraphs/training/importer/fetching/addresses.ts'
import { download, type Wanted } from '../../../../subgraphs/training/importer/fetching/download.ts'
import { type Fetcher, openFetcher } from '../../../../subgraphs/training/importer/fetching/fetcher.ts'
import { hubFiles } from '../../../../subgraphs/training/importer/fetching/hub.ts'

const content = Buffer.from(Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`).join(''))
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

let folder: string
let url: string
let requests: IncomingMessage[]
let answer: (request: IncomingMessage, response: ServerResponse) => void
let stop: () => Promise<void>
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forge-fetch-'))
  requests = []
  const server = createServer((request, response) => {
    requests.push(request)
    answer(request, response)
  })
  url = await listen(server, '127.0.0.1', 0)
  stop = () => close(server, 0)
})
afterEach(async () => {
  await stop()
  await rm(folder, { recursive: true })
})

/** Serves `bytes` with ranges; breaks off after `most` bytes of an answer. */
const serves =
  (bytes: Buffer, { most = Number.POSITIVE_INFINITY, etag = '"v1"' } = {}) =>
  (request: IncomingMessage, response: ServerResponse) => {
    const from = request.headers['if-range'] === etag ? Number(/^bytes=(\d+)-/.exec(request.headers.range!)![1]) : 0
    response.writeHead(from > 0 ? 206 : 200, { etag, 'content-length': bytes.length - from })
    const part = bytes.subarray(from, from + most)
    if (part.length === bytes.length - from) response.end(part)
    else response.write(part, () => setTimeout(() => response.destroy(), 20))
  }

async function fetched(wanted: Partial<Wanted> = {}, limitBytes = 1e9) {
  await using fetcher = openFetcher({ trustedHosts: ['127.0.0.1'], hub: url })
  const path = join(folder, 'file')
  await download({ url: `${url}/data.txt`, path, ...wanted }, { fetcher, limitBytes, report: () => {} })
  return readFile(path)
}

describe('a download', () => {
  it('goes on by Range where the connection is lost', async () => {
    answer = serves(content, { most: 90_000 })
    expect(await fetched({ checksum: { kind: 'SHA256', value: sha256(content) } })).toEqual(content)
    expect(requests.map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=90000-', 'bytes=180000-'])
  })

  it('keeps what had arrived when the connection was lost, even if nothing of it had been read by then', async () => {
    answer = serves(content, { most: 50_000 })
    await using fetcher = openFetcher({ trustedHosts: ['127.0.0.1'], hub: url })
    const late: Pick<Fetcher, 'get'> = {
      async get(address, headers) {
        const fetched = await fetcher.get(address, headers)
        const isCut = Number(fetched.headers['content-length']) > 50_000
        if (isCut) await new Promise<void>(resolve => fetched.body.once('close', resolve))
        return fetched
      },
    }
    const path = join(folder, 'file')
    await download({ url, path }, { fetcher: late, limitBytes: 1e9, report: () => {} })
    expect(await readFile(path)).toEqual(content)
    const ranges = [50_000, 100_000, 150_000, 200_000].map(from => `bytes=${from}-`)
    expect(requests.map(({ headers }) => headers.range)).toEqual([undefined, ...ranges])
  })

  it('goes on where an earlier process was killed', async () => {
    answer = serves(content)
    await writeFile(join(folder, 'file.part'), content.subarray(0, 50_000))
    await writeFile(join(folder, 'file.part.tag'), '"v1"')
    expect(await fetched()).toEqual(content)
    expect(requests[0]!.headers.range).toBe('bytes=50000-')
  })

  it('begins again where the file is another by now', async () => {
    answer = serves(content, { etag: '"v2"' })
    await writeFile(join(folder, 'file.part'), 'of another file')
    await writeFile(join(folder, 'file.part.tag'), '"v1"')
    expect(await fetched()).toEqual(content)
  })

  it('fails where it is short each time, and says by how much', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('only this', () => setTimeout(() => response.destroy(), 10))
    }
    await expect(fetched()).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('9 of 100') })
  })

  it('fails where the checksum is another, and keeps nothing', async () => {
    answer = serves(content)
    const value = sha256(Buffer.from('other'))
    await expect(fetched({ checksum: { kind: 'SHA256', value } })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(`${sha256(content)}, not ${value}`),
    })
    await expect(readFile(join(folder, 'file.part'))).rejects.toThrow('ENOENT')
  })

  it('tries again once where what was begun earlier spoils the checksum', async () => {
    answer = serves(content)
    await writeFile(join(folder, 'file.part'), 'x'.repeat(50_000))
    await writeFile(join(folder, 'file.part.tag'), '"v1"')
    expect(await fetched({ checksum: { kind: 'SHA256', value: sha256(content) } })).toEqual(content)
  })

  it.each([
    [404, 'NOT_FOUND', 1],
    [403, 'FORBIDDEN', 1],
    [503, 'UNAVAILABLE', 5],
  ])('says that it is HTTP %i', async (status, code, times) => {
    answer = (_, response) => response.writeHead(status).end()
    await expect(fetched()).rejects.toMatchObject({ code, message: expect.stringContaining(`HTTP ${status}`) })
    expect(requests).toHaveLength(times)
  })

  it('stops at the limit', async () => {
    answer = serves(content)
    await expect(fetched({}, 1_000)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
  })
})

describe('addresses', () => {
  it('are public or not', () => {
    const inside = [
      ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '0.0.0.0', '100.64.0.1', '::1'],
      ...['fe80::1', 'fc00::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '64:ff9b::a00:1', '224.0.0.1'],
    ]
    expect(inside.filter(isPublic)).toEqual([])
    expect(['1.1.1.1', '2606:4700:4700::1111'].every(isPublic)).toBe(true)
  })

  it.each([
    'http://127.0.0.1',
    'http://[::1]',
    'http://2130706433',
    'http://0x7f.1',
    'http://localhost',
    'http://[::ffff:127.0.0.1]',
  ])('%s is never asked', async host => {
    answer = serves(content)
    await using fetcher = openFetcher({ trustedHosts: [], hub: url })
    await expect(fetcher.get(`${host}:${new URL(url).port}/`)).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('FORGE_IMPORT_HOSTS'),
    })
    expect(requests).toEqual([])
  })

  it('are looked at again after a redirect', async () => {
    answer = (_, response) =>
      response.writeHead(302, { location: `http://localhost:${new URL(url).port}/inside` }).end()
    await using fetcher = openFetcher({ trustedHosts: [new URL(url).host], hub: url })
    await expect(fetcher.get(`${url}/public`)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(requests.map(request => request.url)).toEqual(['/public'])
  })

  it('of a loop of redirects are given up', async () => {
    answer = (_, response) => response.writeHead(302, { location: '/again' }).end()
    await expect(fetched()).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('redirects'),
    })
  })

  it.each(['file:///etc/passwd', 'ftp://a/b', 'http://user:pass@example.com/', 'no url'])(
    '%s is refused',
    async given => {
      await using fetcher = openFetcher({ trustedHosts: [], hub: url })
      await expect(fetcher.get(given)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    },
  )
})

describe('the hub', () => {
  const source = { kind: 'HUB', id: 'owner/name', revision: 'main', files: [] as string[] } as const
  const listed = async (change: object = {}) => {
    await using fetcher = openFetcher({ trustedHosts: ['127.0.0.1'], hub: url })
    return await hubFiles(fetcher, { trustedHosts: [], hub: url }, { ...source, ...change })
  }
  const siblings = [
    { rfilename: 'README.md', size: 3, blobId: 'aa' },
    { rfilename: 'data/b 1.jsonl', size: 5, blobId: 'bb' },
    { rfilename: 'data/a.jsonl', size: 99, blobId: 'cc', lfs: { sha256: 'dd', size: 7 } },
  ]

  it('lists the files of one commit, with their checksums', async () => {
    answer = (_, response) => response.end(JSON.stringify({ sha: 'c0ffee', siblings }))
    expect(await listed()).toEqual([
      {
        name: 'data/a.jsonl',
        url: `${url}/datasets/owner/name/resolve/c0ffee/data/a.jsonl`,
        size: 7,
        checksum: { kind: 'SHA256', value: 'dd' },
      },
      {
        name: 'data/b 1.jsonl',
        url: `${url}/datasets/owner/name/resolve/c0ffee/data/b%201.jsonl`,
        size: 5,
        checksum: { kind: 'GIT', value: 'bb' },
      },
    ])
    expect(requests[0]!.url).toBe('/api/datasets/owner/name/revision/main?blobs=true')
    expect((await listed({ files: ['*.md'] })).map(({ name }) => name)).toEqual(['README.md'])
    await expect(listed({ files: ['*.csv'] })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('README.md'),
    })
  })

  it("knows Git's checksum of a file", async () => {
    answer = serves(content)
    const value = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')
    expect(await fetched({ checksum: { kind: 'GIT', value } })).toEqual(content)
  })

  it('says that it cannot be reached', async () => {
    await stop()
    await expect(listed()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/hub cannot be asked.*ECONNREFUSED.*online.*FORGE_HUB/),
    })
  })

  it('says that a data set is not public, or not there', async () => {
    answer = (_, response) => response.writeHead(401).end()
    await expect(listed()).rejects.toMatchObject({ code: 'FORBIDDEN' })
    answer = (_, response) => response.end('<html>')
    await expect(listed()).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('hub does') })
  })
})
