/** A version that models has registered, as far as a merge needs it. */
export interface KnownVersion {
  readonly id: string
  readonly project: string
  readonly modelName: string
  readonly number: number
  readonly files: readonly { readonly path: string; readonly digest: string }[]
  /** `config.json` of its folder. */
  readonly architecture: Readonly<Record<string, unknown>>
}

/** How a version is named: by its id, as the model's version of a number or its newest, or by an alias. */
export type VersionRef =
  | { readonly id: string }
  | { readonly modelName: string; readonly number: number | 'latest' }
  | { readonly modelName: string; readonly alias: string }

/** Null where the text names no version. */
export function parseVersionRef(ref: string): VersionRef | null {
  if (/^mv_[0-9A-Za-z]+$/.test(ref)) return { id: ref }
  const [, modelName, number, alias] =
    /^([a-z0-9][a-z0-9._-]{0,63})(?:\/(\d{1,9})|@([a-z0-9][a-z0-9._-]{0,63}))$/.exec(ref) ?? []
  if (modelName === undefined) return null
  if (number !== undefined) return { modelName, number: Number(number) }
  return alias === 'latest' ? { modelName, number: 'latest' } : { modelName, alias: alias! }
}

export const refOf = ({ modelName, number }: KnownVersion): string => `${modelName}/${number}`
