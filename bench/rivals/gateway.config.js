import { defineConfig } from '@graphql-hive/gateway'
import { unifiedGraphHandler } from '@graphql-hive/router-runtime'

// What its documentation advises for throughput: the Rust query planner, and nothing that costs at each request.
export const gatewayConfig = defineConfig({
  ...(process.env.ROUTER_RUNTIME === 'on' && { unifiedGraphHandler }),
  logging: 'error',
  requestId: false,
  graphiql: false,
  landingPage: false,
  disableWebsockets: true,
})
