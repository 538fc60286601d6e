/** A name that moves from version to version of a model. */
export interface Alias {
  readonly modelId: string
  readonly name: string
  readonly versionId: string
}

/** Where aliases are kept; lists are in the order of names. */
export interface AliasStore {
  ofModels(modelIds: readonly string[]): Promise<readonly Alias[]>
  ofVersions(versionIds: readonly string[]): Promise<readonly Alias[]>
  /** Names the version, whatever the alias named before. */
  point(alias: Alias): Promise<void>
  /** False if the model has no such alias. */
  remove(modelId: string, name: string): Promise<boolean>
}
