import { fleetId } from '../../../schema/values.ts'
import { builder, HealthStatusEnum } from '../builder.ts'
import { countOf, type JobCount } from '../jobs/progress.ts'
import type { FleetHealth } from './health.ts'
import { type FleetNode, nodeStatus } from './node.ts'
import { readHealth } from './service.ts'

const FleetNodeRef = builder.objectRef<FleetNode>('FleetNode')
const FleetHealthRef = builder.objectRef<FleetHealth>('FleetHealth')

const TrainingJob = builder.externalRef('TrainingJob', builder.selection<{ id: string }>('id')).implement({
  externalFields: t => ({ id: t.id() }),
  fields: t => ({
    node: t.field({
      type: FleetNodeRef,
      nullable: true,
      authScopes: { scope: 'monitoring:read' },
      description: 'The machine of its newest attempt; null until one begins.',
      resolve: ({ id }, _, { loaders }) => loaders.nodeOfJob.load(id),
    }),
  }),
})

builder.asEntity(FleetNodeRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, { loaders }) => loaders.node.load(id),
})

FleetNodeRef.implement({
  authScopes: { scope: 'monitoring:read' },
  description: 'A machine that trains, as its worker last measured it.',
  fields: t => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    status: t.field({
      type: HealthStatusEnum,
      description:
        'DOWN after three intervals without a report or when its worker has stopped; DEGRADED when a report is late or under 5 % of its memory is free.',
      resolve: (node, _, { now }) => nodeStatus(node, now()),
    }),
    cores: t.exposeInt('cores'),
    memoryBytes: t.exposeFloat('memoryBytes'),
    memoryFreeBytes: t.exposeFloat('memoryFreeBytes'),
    load: t.exposeFloat('load', { description: 'Load average over one minute.' }),
    slots: t.exposeInt('slots', { description: 'Jobs that it runs at once.' }),
    slotsUsed: t.exposeInt('slotsUsed', { description: 'Jobs that it runs now, of any project.' }),
    executors: t.exposeStringList('executors', { description: 'What it can train with, the fastest first.' }),
    jobs: t.field({
      type: [TrainingJob],
      nullable: true,
      description: 'The jobs that run there now, as far as you may see them.',
      resolve: async ({ id }, _, { loaders }) => (await loaders.jobsOnNode.load(id)).map(id => ({ id })),
    }),
    lastSeenAt: t.expose('lastSeenAt', { type: 'DateTime', description: 'When it measured what stands here.' }),
  }),
})

const ServiceCountsRef = builder.objectRef<FleetHealth['services']>('ServiceCounts').implement({
  description: 'How many processes of the forge are in which state.',
  fields: t => ({
    healthy: t.exposeInt('HEALTHY'),
    degraded: t.exposeInt('DEGRADED'),
    down: t.exposeInt('DOWN'),
  }),
})

const JobCountsRef = builder.objectRef<readonly JobCount[]>('JobCounts').implement({
  description: 'How many jobs are in which state, as far as you may see them.',
  fields: t => ({
    queued: t.int({ resolve: counts => countOf(counts, 'QUEUED') }),
    running: t.int({ resolve: counts => countOf(counts, 'RUNNING') }),
    paused: t.int({ resolve: counts => countOf(counts, 'PAUSED') }),
    completed: t.int({ resolve: counts => countOf(counts, 'COMPLETED') }),
    failed: t.int({ resolve: counts => countOf(counts, 'FAILED') }),
    cancelled: t.int({ resolve: counts => countOf(counts, 'CANCELLED') }),
  }),
})

builder.asEntity(FleetHealthRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, context) => (id === fleetId ? readHealth(context, context.identity) : null),
})

FleetHealthRef.implement({
  authScopes: { scope: 'monitoring:read' },
  description: 'The state of the whole forge at one moment.',
  fields: t => ({
    id: t.exposeID('id'),
    status: t.expose('status', {
      type: HealthStatusEnum,
      description: 'DOWN when a service has no process left, DEGRADED when anything at all is not as it should be.',
    }),
    reasons: t.exposeStringList('reasons', { description: 'Why it is not HEALTHY; empty when it is.' }),
    at: t.expose('at', { type: 'DateTime' }),
    nodes: t.field({ type: [FleetNodeRef], description: 'The machines that train.', resolve: ({ nodes }) => nodes }),
    services: t.expose('services', { type: ServiceCountsRef }),
    jobs: t.expose('jobs', { type: JobCountsRef }),
    progress: t.exposeFloat('progress', {
      nullable: true,
      description: 'Steps done of all steps of the unfinished jobs, from 0 to 1; null when there are none.',
    }),
    slotsTotal: t.exposeInt('slotsTotal', { description: 'Jobs that the machines that report can run at once.' }),
    slotsUsed: t.exposeInt('slotsUsed'),
    tokensPerSecond: t.exposeFloat('tokensPerSecond', {
      description: 'What all running jobs train per second together, as far as you may see them.',
    }),
  }),
})

builder.queryField('fleet', t =>
  t.field({
    type: FleetHealthRef,
    nullable: true,
    authScopes: { scope: 'monitoring:read' },
    description: 'The state of the whole forge now. `fleetHealth` is the same as a subscription.',
    resolve: (_, __, context) => readHealth(context, context.identity),
  }),
)
