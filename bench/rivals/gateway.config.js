import { defineConfig } from '@graphql-hive/gateway'
import { unifiedGraphHandler } from '@graphql-hive/router-runtime'

// What its documentation advises for throughput: the Rust query planner, or else compiled execution, and nothing that costs
// at each request. Requests that are under way together all differ here, so to look for equal ones would only cost.
export const gatewayConfig = defineConfig({
  ...(process.env.ROUTER_RUNTIME === 'on' ? { unifiedGraphHandler } : { jit: true }),
  logging: 'error',
  requestId: false,
  graphiql: false,
  landingPage: false,
  disableWebsockets: true,
})
