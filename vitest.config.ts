import { createRequire } from 'node:module'
import { defineConfig } from 'vitest/config'

const require = createRequire(import.meta.url)

export default defineConfig({
  // A second copy of graphql breaks `instanceof GraphQLError`.
  resolve: { alias: [{ find: /^graphql$/, replacement: require.resolve('graphql') }] },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Trainings in the time that the tests beside them leave would have none.
    env: { FORGE_TRAINING_PRIORITY: 'normal' },
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
})
