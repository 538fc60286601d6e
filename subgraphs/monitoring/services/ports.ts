import type { ServiceInstance } from './instance.ts'

export interface Instances {
  list(): Promise<readonly ServiceInstance[]>
  save(instance: ServiceInstance): Promise<void>
  forget(id: string): Promise<void>
  /** Forgets the instances of a service that fell silent before `before`. */
  forgetSilent(service: string, before: Date): Promise<void>
}

export interface ServiceParts {
  readonly instances: Instances
  readonly now: () => Date
}
