import type { Identity } from '../../../kernel/auth/identity.ts'
import { type FleetHealth, fleetHealth } from './health.ts'
import type { FleetParts } from './ports.ts'

/** The state of the fleet at this moment; jobs are counted only as far as the identity sees them. */
export async function readHealth({ fleet, now }: FleetParts, identity: Identity): Promise<FleetHealth> {
  return fleetHealth(await fleet.read(identity.project), now())
}
