import { invalidInput } from '../errors.ts'
import type { Position } from './bus.ts'

/** A place in one event log, as clients hold it. */
export interface Cursor {
  readonly bus: string
  readonly position: Position
}

export const encodeCursor = ({ bus, position }: Cursor): string =>
  Buffer.from(JSON.stringify([bus, position])).toString('base64url')

/** Throws INVALID_INPUT for a text that no event ever carried. */
export function decodeCursor(text: string): Cursor {
  const [bus, position] = parse(text)
  if (typeof bus !== 'string' || typeof position !== 'string') throw noCursor(text)
  return { bus, position }
}

export const noCursor = (text: string) =>
  invalidInput(
    `"${text.slice(0, 80)}" is no cursor: pass the \`cursor\` of an event you received, or leave \`after\` out.`,
  )

function parse(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    return Array.isArray(value) ? value : []
  } catch (error) {
    if (error instanceof SyntaxError) return []
    throw error
  }
}
