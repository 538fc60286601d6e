import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { topics } from '../schema/events.ts'

interface DataSchema {
  readonly properties?: Readonly<Record<string, DataSchema>>
  readonly required?: readonly string[]
  readonly [keyword: string]: unknown
}

/** schema/events.json: every topic's version, retention and data as JSON Schema. */
export type EventContracts = Readonly<Record<string, { version: number; retentionMs: number; data: DataSchema }>>

export const eventContracts = (): EventContracts =>
  Object.fromEntries(
    Object.entries(topics).map(([name, { version, retentionMs, data }]) => [
      name,
      { version, retentionMs, data: z.toJSONSchema(data) as DataSchema },
    ]),
  )

/** One sentence for each promise of `before` that `now` breaks: the log still holds events of the old shape. */
export function brokenEvents(before: EventContracts, now: EventContracts): readonly string[] {
  return Object.entries(before).flatMap(([topic, old]) => {
    const current = now[topic]
    if (!current) return [`The topic ${topic} is gone, but the log still holds its events: keep its schema.`]
    if (current.version > old.version) return []
    return brokenFields(old.data, current.data).map(
      field => `The event ${topic} breaks ${field}: keep it, or raise the topic's version above ${old.version}.`,
    )
  })
}

function brokenFields(before: DataSchema, now: DataSchema, path = 'data'): readonly string[] {
  if (!before.properties || !now.properties) return isDeepStrictEqual(before, now) ? [] : [path]
  const kept = Object.entries(before.properties).flatMap(([name, field]) => {
    const current = now.properties?.[name]
    return current ? brokenFields(field, current, `${path}.${name}`) : [`${path}.${name}`]
  })
  const newlyRequired = (now.required ?? []).filter(name => !before.required?.includes(name))
  const noLongerSure = (before.required ?? []).filter(name => now.properties?.[name] && !now.required?.includes(name))
  return [...kept, ...[...newlyRequired, ...noLongerSure].map(name => `${path}.${name}`)]
}
