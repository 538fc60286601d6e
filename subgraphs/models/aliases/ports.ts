import type { OutboxRow } from '../../../kernel/outbox.ts'

/** A name that moves from version to version of a model. */
export interface Alias {
  readonly modelId: string
  readonly name: string
  readonly versionId: string
}

/** What an alias must name before it is moved: a version, none (null), or whatever it is (undefined). */
export type Expected = string | null | undefined

/** A move that was not made: what the alias names instead of what was expected. */
export interface Refusal {
  readonly found: string | null
}

/** Says what is announced of a move from the version before, if there was one. */
export type Announce = (previousVersionId: string | null) => OutboxRow

/** Where aliases are kept; lists are in the order of names. */
export interface AliasStore {
  ofModels(modelIds: readonly string[]): Promise<readonly Alias[]>
  ofVersions(versionIds: readonly string[]): Promise<readonly Alias[]>
  /**
   * Names the version if the alias names what is expected; of two at once, the second sees what the first did. A move
   * to where it is already is announced to nobody. Refused also where the version has been deleted meanwhile.
   */
  point(alias: Alias, expected: Expected, announce: Announce): Promise<Refusal | 'deleted' | null>
  /** False if the model has no such alias. */
  remove(modelId: string, name: string, announce: Announce): Promise<boolean>
}
