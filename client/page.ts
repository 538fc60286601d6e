/** A part of a list, newest first. */
export interface Page<T> {
  readonly items: readonly T[]
  /** Pass it as `after` to get the next page; null on the last one. */
  readonly next: string | null
}

export interface PageInput {
  /** 20 where absent, 100 at most. */
  readonly first?: number
  readonly after?: string | null
}

interface Connection<T> {
  readonly edges: readonly { readonly node: T }[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor?: string | null }
}

export const pageOf = <T>({ edges, pageInfo }: Connection<T>): Page<T> => ({
  items: edges.map(({ node }) => node),
  next: pageInfo.hasNextPage ? (pageInfo.endCursor ?? null) : null,
})
