import { appendFile, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findDocuments } from '../../../../subgraphs/training/documents/content.ts'
import { runImport } from '../../../../subgraphs/training/importer/importing.ts'
import { openSourceFile, readContent } from '../../../../subgraphs/training/importer/source-file.ts'
import { readImportSource } from '../../../../subgraphs/training/imports/request.ts'
import { trainingInMemory } from '../memory.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forge-import-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function put(name: string, content: string | Uint8Array) {
  await mkdir(dirname(join(folder, name)), { recursive: true })
  await writeFile(join(folder, name), content)
}

/** What an import makes, as texts. */
async function imported(settings: object, limitBytes = 1e9) {
  const { blobs } = trainingInMemory().parts
  const source = readImportSource(settings)
  const result = await runImport(
    {
      source,
      blobs: { folder: '' },
      datasets: folder,
      uploads: folder,
      staging: join(folder, 'staging'),
      fetching: { trustedHosts: [], hub: 'http://127.0.0.1:1' },
      limitBytes,
    },
    { blobs, report: () => {} },
  )
  const documents: string[] = []
  let text = ''
  for await (const { bytes, isLast } of (await findDocuments(blobs, result.digest))!.frames()) {
    text += Buffer.from(bytes).toString()
    if (!isLast) continue
    documents.push(text)
    text = ''
  }
  return { ...result, documents }
}
const files = (...paths: string[]) => ({ files: { paths } })
const refusal = (code: string, ...parts: (string | RegExp)[]) =>
  expect.objectContaining({ code, message: expect.stringMatching(new RegExp(parts.map(String).join('.*'))) })

describe('files', () => {
  it('are a document each, in the order of their names, without what .gitignore names', async () => {
    await put('a/two.txt', 'second')
    await put('a/one.txt', 'first')
    await put('a/skipped.log', 'no')
    await put('a/.gitignore', '*.log\n')
    await put('b/three.md', 'third')
    expect((await imported(files('a', 'b/*.md'))).documents).toEqual(['first', 'second', 'third'])
    expect((await imported(files('**', '!b'))).documents).toEqual(['first', 'second'])
    const all = await imported({ files: { paths: ['a'], gitignore: false } })
    expect(all.documents).toEqual(['first', 'no', 'second'])
  })

  it('do not go on for ever where a link leads back, and say so', async () => {
    await put('a/b/one.txt', 'only once')
    await symlink('..', join(folder, 'a/b/loop'))
    await symlink('one.txt', join(folder, 'a/b/same.txt'))
    await symlink('self', join(folder, 'a/self'))
    const { documents, notes } = await imported(files('a'))
    expect(documents).toEqual(['only once'])
    expect(notes).toEqual([
      '"a/b/loop" is a link to a folder, and was not followed.',
      '"a/self" is a link that leads nowhere, and was passed over.',
    ])
  })

  it('never come from outside of the folder', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'forge-outside-'))
    await writeFile(join(outside, 'secret.txt'), 'secret')
    await symlink(outside, join(folder, 'link'))
    await symlink(join(outside, 'secret.txt'), join(folder, 'secret.txt'))
    await put('mine.txt', 'mine')
    expect((await imported(files('*.txt'))).documents).toEqual(['mine'])
    await expect(imported(files('link/*.txt'))).rejects.toEqual(refusal('NOT_FOUND', 'link'))
    await expect(imported(files('../*'))).rejects.toEqual(refusal('INVALID_INPUT', 'leads out'))
    await expect(imported(files('/etc/passwd'))).rejects.toEqual(refusal('INVALID_INPUT', 'leads out'))
    await rm(outside, { recursive: true })
  })

  it('are named where nothing matches', async () => {
    await expect(imported(files('no/*.txt'))).rejects.toEqual(refusal('NOT_FOUND', '"no/\\*.txt"'))
  })

  it.each([
    ['one byte', 'x', ['x']],
    ['one repeated byte', 'a'.repeat(200_000), ['a'.repeat(200_000)]],
    ['NUL bytes', 'a\0b\0\0', ['a\0b\0\0']],
    ['a byte order mark', '\ufeffmarked', ['marked']],
  ])('of %s are taken as they are', async (_what, content, documents) => {
    await put('x.txt', content)
    expect((await imported(files('x.txt'))).documents).toEqual(documents)
  })

  it('without any text are refused', async () => {
    await put('empty.txt', '')
    await expect(imported(files('empty.txt'))).rejects.toEqual(refusal('INVALID_INPUT', 'no text'))
  })

  it('that are not UTF-8 are refused, with the place', async () => {
    await put('bad.txt', Buffer.concat([Buffer.from(`${'ü'.repeat(200_000)}`), Buffer.from([0xff]), Buffer.from('x')]))
    await expect(imported(files('bad.txt'))).rejects.toEqual(refusal('INVALID_INPUT', '"bad.txt"', 'byte 400000:'))
    await put('bad.txt', Buffer.from([0x41, 0xc3]))
    await expect(imported(files('bad.txt'))).rejects.toEqual(refusal('INVALID_INPUT', 'byte 1:'))
  })

  it('are cut into lines where these are the documents', async () => {
    await put('x.txt', 'one\r\ntwo\n\nthree\rfour')
    expect((await imported({ ...files('x.txt'), unit: 'LINE' })).documents).toEqual(['one', 'two', 'three\rfour'])
  })

  it('that are packed are unpacked, and refused where they are broken or endless', async () => {
    await put('x.txt.gz', gzipSync('packed'))
    await put('y.txt.zst', zstdCompressSync(Buffer.from('tighter')))
    expect((await imported(files('*'))).documents).toEqual(['packed', 'tighter'])
    await put('z.txt.gz', gzipSync('a'.repeat(100_000)).subarray(0, 60))
    await expect(imported(files('z.txt.gz'))).rejects.toEqual(refusal('INVALID_INPUT', '"z.txt.gz" cannot be unpacked'))
    await put('bomb.gz', gzipSync(Buffer.alloc(5_000_000, 'a')))
    await expect(imported(files('bomb.gz'), 1e6)).rejects.toEqual(refusal('RESOURCE_EXHAUSTED', '1000000'))
  })
})

describe('a file that changes while it is read', () => {
  const opened = async () => {
    await put('x.txt', 'a'.repeat(600_000))
    return openSourceFile({ name: 'x.txt', path: join(folder, 'x.txt'), size: 600_000 })
  }
  async function read(change: () => Promise<void>) {
    await using file = await opened()
    let length = 0
    for await (const chunk of readContent(file, () => {})) {
      if (length === 0) await change()
      length += chunk.length
    }
    return length
  }

  it('is what it was at the beginning when it grows', async () => {
    expect(await read(() => appendFile(join(folder, 'x.txt'), 'b'.repeat(500_000)))).toBe(600_000)
  })

  it('is refused when it shrinks', async () => {
    await expect(read(() => truncate(join(folder, 'x.txt'), 10))).rejects.toEqual(
      refusal('INVALID_INPUT', '"x.txt" had 600000 bytes'),
    )
  })
})

describe('JSONL', () => {
  it('has a document in every line, by a field, or by a path of them', async () => {
    await put(
      'x.jsonl',
      '{"text":"one","in":{"ner":"A"}}\n\n{"text":"two\\nlines","in":{"ner":"B"}}\r\n{"text":null,"in":{"ner":"C"}}',
    )
    expect((await imported(files('x.jsonl'))).documents).toEqual(['one', 'two\nlines'])
    expect((await imported({ ...files('x.jsonl'), field: 'in.ner' })).documents).toEqual(['A', 'B', 'C'])
  })

  it('makes texts of messages by a template', async () => {
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: [{ type: 'text', text: 'Ahoy' }] },
    ]
    await put('chat.jsonl', JSON.stringify({ messages }))
    const by = async (template?: string) => (await imported({ ...files('chat.jsonl'), template })).documents[0]
    expect(await by()).toBe('User: Hi\n\nAssistant: Ahoy')
    expect(await by('CHATML')).toBe('<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nAhoy<|im_end|>\n')
    expect(await by('LLAMA3')).toBe(
      '<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nAhoy<|eot_id|>',
    )
    expect(await by('{% for m in messages %}[{{ m.role }}]{% endfor %}')).toBe('[user][assistant]')
    await expect(by('{% for')).rejects.toEqual(refusal('INVALID_INPUT', 'chat template'))
  })

  it.each([
    ['is broken', '{"text":"one"}\n\n{"text":', 3, 'is no JSON'],
    [
      'lacks the field',
      '{"text":"one"}\n{"id":2,"body":"two"}',
      2,
      'has no field "text" or "messages": it has id, body,',
    ],
    ['is no object', '"one"\n2', 2, 'has no field "text" or "messages": write an object with one'],
    ['has something else there', '{"text":"one"}\n{"text":{"a":1}}', 2, 'has neither a text nor messages'],
  ])('names the line that %s', async (_what, content, line, reason) => {
    await put('x.jsonl', content)
    await expect(imported(files('x.jsonl'))).rejects.toEqual(
      refusal('INVALID_INPUT', `Line ${line} of "x.jsonl" ${reason}`),
    )
  })
})

describe('Parquet', () => {
  const column = (name: string, data: unknown[], type = 'STRING') => ({ name, data, type: type as 'STRING' })
  const rows = Array.from({ length: 9_000 }, (_, index) => `row ${index}`)

  it('has a document in every row of a column, over several row groups', async () => {
    const columnData = [
      column('text', rows),
      column(
        'other',
        rows.map(row => `other ${row}`),
      ),
    ]
    await put('x.parquet', new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 5_000 })))
    expect((await imported(files('x.parquet'))).documents).toEqual(rows)
    const { documents } = await imported({ ...files('x.parquet'), field: 'other' })
    expect(documents.at(-1)).toBe('other row 8999')
    await expect(imported({ ...files('x.parquet'), field: 'nope' })).rejects.toEqual(
      refusal('INVALID_INPUT', 'no column "nope"', 'text, other'),
    )
  })

  it('passes over rows without a value, and takes messages', async () => {
    await put('n.parquet', new Uint8Array(parquetWriteBuffer({ columnData: [column('text', ['a', null, 'b'])] })))
    expect((await imported(files('n.parquet'))).documents).toEqual(['a', 'b'])
    const chat = [[{ role: 'user', content: 'Hi' }]]
    await put('c.parquet', new Uint8Array(parquetWriteBuffer({ columnData: [column('messages', chat, 'JSON')] })))
    expect((await imported(files('c.parquet'))).documents).toEqual(['User: Hi'])
  })

  it('is refused where it is broken', async () => {
    const whole = new Uint8Array(parquetWriteBuffer({ columnData: [column('text', rows)] }))
    await put('short.parquet', whole.subarray(0, whole.length / 2))
    await put(
      'garbage.parquet',
      whole.map((byte, at) => (at > 4 && at < 30_000 ? 0xff : byte)),
    )
    await put('tiny.parquet', 'PAR1')
    for (const name of ['short.parquet', 'garbage.parquet', 'tiny.parquet']) {
      await expect(imported(files(name)), name).rejects.toEqual(
        refusal('INVALID_INPUT', `"${name}" cannot be read as Parquet`),
      )
    }
  })
})

describe('a task', () => {
  it('is one document an example, the same every time', async () => {
    const task = { kind: 'MODULAR_ARITHMETIC', operation: 'x^2+y', prime: 7 }
    const one = await imported({ task })
    expect(one.documents).toHaveLength(49)
    for (const document of one.documents) {
      const [x, y, result] = document.match(/\d+/g)!.map(Number) as [number, number, number]
      expect((x * x + y) % 7).toBe(result)
    }
    expect((await imported({ task })).digest).toBe(one.digest)
  })
})
