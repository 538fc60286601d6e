import { join } from 'node:path'

export const serviceNames = ['training', 'models', 'monitoring', 'realtime', 'orchestration'] as const

export type ServiceName = (typeof serviceNames)[number]

/** What has a database of its own: the services, and the bus with its events and job queue. */
export type DatabaseName = ServiceName | 'bus'

/** Where the schema, the migrations and the generated client of a database are. */
export const prismaFolder = (name: DatabaseName): string => join(import.meta.dirname, '..', '..', 'prisma', name)
