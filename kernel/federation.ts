/** What every subgraph gives to Pothos' `toSubGraphSchema`; a subgraph with directives of its own adds to it. */
export const federation = {
  linkUrl: 'https://specs.apollo.dev/federation/v2.9',
  federationDirectives: [
    '@key',
    '@shareable',
    '@external',
    '@extends',
    '@composeDirective',
    '@authenticated',
    '@requiresScopes',
    '@cost',
    '@listSize',
  ],
}

/** A page has 20 items unless asked, and 100 at most. */
export const pageSize = { defaultSize: 20, maxSize: 100 } as const
