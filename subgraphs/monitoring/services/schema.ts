import { builder, HealthStatusEnum } from '../builder.ts'
import { instanceStatus, type ServiceInstance } from './instance.ts'
import { listInstances } from './service.ts'

const ServiceRef = builder.objectRef<ServiceInstance>('Service').implement({
  authScopes: { scope: 'monitoring:read' },
  description:
    'A running process of the forge, as it last measured itself. Processes that share one share the numbers.',
  fields: t => ({
    name: t.exposeString('service', { description: '`training`, `models`, `gateway`, `worker`, …' }),
    instance: t.exposeID('id', { description: 'Tells apart the processes that offer the same service.' }),
    url: t.exposeString('url', { nullable: true, description: 'Where it answers, seen from its own machine.' }),
    status: t.field({
      type: HealthStatusEnum,
      description:
        'DOWN after three intervals without a report; DEGRADED when one is late or the process was blocked for 500 ms.',
      resolve: (instance, _, { now }) => instanceStatus(instance, now()),
    }),
    version: t.exposeString('version'),
    startedAt: t.expose('startedAt', { type: 'DateTime' }),
    lastSeenAt: t.expose('lastSeenAt', { type: 'DateTime', description: 'When it measured what stands here.' }),
    everyMs: t.exposeInt('everyMs', { description: 'Milliseconds between two reports.' }),
    memoryBytes: t.exposeFloat('residentBytes', { description: 'Resident memory of the process.' }),
    cpu: t.exposeFloat('cpu', { description: 'Processor time since the report before, as a share of one core.' }),
    eventLoopLagMs: t.exposeFloat('eventLoopLagMs', {
      description: 'The longest time since the report before that the process was too busy to answer, in milliseconds.',
    }),
  }),
})

builder.queryField('services', t =>
  t.field({
    type: [ServiceRef],
    nullable: true,
    authScopes: { scope: 'monitoring:read' },
    description: 'Every process of the forge that reports, also the ones that fell silent.',
    resolve: (_, __, context) => listInstances(context),
  }),
)
