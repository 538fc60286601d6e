/** What people write about models and versions. */
export interface Label {
  readonly description?: string
  readonly addTags: readonly string[]
  readonly removeTags: readonly string[]
}

export interface Labels {
  /** False where there would be more than `most` tags. */
  ofModel(id: string, label: Label, most: number): Promise<boolean>
  ofVersion(id: string, label: Label, most: number): Promise<boolean>
}
