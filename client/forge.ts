import { datasetMethods } from './datasets.ts'
import { downloadMethods } from './downloads.ts'
import { type ClientEnv, readClientEnv } from './env.ts'
import { fleetMethods } from './fleet.ts'
import { groupMethods } from './groups.ts'
import { identityMethods } from './identities.ts'
import { jobMethods } from './jobs.ts'
import { modelMethods } from './models.ts'
import { pipelineMethods } from './pipelines.ts'
import { openSubscriptions } from './subscriptions.ts'
import { sweepMethods } from './sweeps.ts'
import { openTransport } from './transport.ts'
import { verificationMethods } from './verification.ts'

/** A forge, as a program uses it. */
export type Forge = ReturnType<typeof connectForge>

/**
 * A typed client of one forge. What is not given comes from the environment: FORGE_URL, FORGE_API_KEY (or the admin key
 * of the local data folder) and FORGE_PROJECT. Connects when it is first used; a failure is a ForgeError with a code.
 */
export function connectForge(given: Partial<ClientEnv> = {}) {
  const { url, apiKey, project } = readClientEnv(undefined, given)
  const transport = openTransport(url, apiKey)
  const subscriptions = openSubscriptions(url, apiKey)
  const connection = { transport, subscriptions, project }
  return {
    url,
    ...jobMethods(connection),
    ...groupMethods(connection),
    ...sweepMethods(connection),
    ...pipelineMethods(connection),
    ...modelMethods(connection),
    ...downloadMethods(connection),
    ...verificationMethods(connection),
    ...datasetMethods(connection),
    ...fleetMethods(connection),
    ...identityMethods(connection),
    /** Any document; see `Transport.request`. */
    request: transport.request,
    /** Any document, answered as the forge does, with `data` and `errors`. */
    execute: transport.execute,
    /** Ends what is still subscribed. */
    [Symbol.asyncDispose]: () => subscriptions[Symbol.asyncDispose](),
  }
}
