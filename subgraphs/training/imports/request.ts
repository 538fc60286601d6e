import { z } from 'zod'
import { readTask } from '../../../engine/tasks/task.ts'
import { domainErrorOf } from '../recipes/errors.ts'
import { chosenSettings } from '../recipes/request.ts'
import { oneSource } from './errors.ts'
import { dataFormats, type ImportSource, type Source, textUnits } from './source.ts'

const sha256 = z
  .string()
  .transform(text => text.replace(/^sha256:/, '').toLowerCase())
  .pipe(z.string().regex(/^[0-9a-f]{64}$/, 'It has not 64 hexadecimal digits'))
const path = z.string().min(1).max(1_000)

const settings = z
  .strictObject({
    files: z.strictObject({ paths: z.array(path).min(1).max(1_000), gitignore: z.boolean().optional() }),
    url: z.strictObject({ url: z.string().min(1).max(4_000), sha256: sha256.optional() }),
    hub: z.strictObject({
      id: z.string().regex(/^[\w.-]{1,96}(\/[\w.-]{1,96})?$/, 'It is not written as owner/name'),
      revision: z.string().min(1).max(200).optional(),
      files: z.array(path).max(1_000).optional(),
    }),
    upload: z.strictObject({ id: z.string().min(1).max(100), sha256: sha256.optional() }),
    task: z.record(z.string(), z.unknown()),
    format: z.enum(dataFormats),
    unit: z.enum(textUnits),
    field: z.string().min(1).max(500),
    template: z.string().min(1).max(20_000),
  })
  .partial()

/** What is to be imported, with every default filled in. Throws INVALID_INPUT naming what cannot be. */
export function readImportSource(given: unknown): ImportSource {
  const { files, url, hub, upload, task, ...reading } = chosenSettings(settings, given)
  const named = Object.entries({ files, url, hub, upload, task }).filter(([, value]) => value !== undefined)
  if (named.length !== 1) throw oneSource(named.map(([name]) => name))
  const from: Source = files
    ? { kind: 'FILES', paths: files.paths, gitignore: files.gitignore ?? true }
    : url
      ? { kind: 'URL', url: url.url, sha256: url.sha256 ?? null }
      : hub
        ? { kind: 'HUB', id: hub.id, revision: hub.revision ?? 'main', files: hub.files ?? [] }
        : upload
          ? { kind: 'UPLOAD', id: upload.id, sha256: upload.sha256 ?? null }
          : { kind: 'TASK', task: taskOf(task) }
  const { format = null, unit = 'FILE', field = null, template = 'PLAIN' } = reading
  return { from, reading: { format, unit, field, template } }
}

function taskOf(given: unknown) {
  try {
    return readTask(given)
  } catch (error) {
    throw domainErrorOf(error)
  }
}
