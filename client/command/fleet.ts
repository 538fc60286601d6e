import type { Command } from 'commander'
import type { Fleet, Service } from '../fleet.ts'
import { bytes, percent, short, time } from './figures.ts'
import { integer } from './options.ts'
import { type Console, run } from './session.ts'
import { fields, table } from './table.ts'

export function fleetCommands(program: Command, console: Console): void {
  program
    .command('fleet')
    .description('the machines that train, as they measure themselves')
    .option('--watch', 'again and again')
    .option('--every <ms>', 'milliseconds between two snapshots', integer, 1_000)
    .action(
      run(console, async ({ forge, show, signal }, { watch, every }: { watch?: boolean; every: number }) => {
        if (!watch) return show(await forge.fleet(), fleetText)
        for await (const fleet of forge.fleetHealth({ everyMs: every, signal })) show(fleet, at => `${fleetText(at)}\n`)
      }),
    )

  program
    .command('services')
    .description('the processes of the forge, as they measure themselves')
    .action(run(console, async ({ forge, show }) => show(await forge.services(), serviceTable)))

  program
    .command('events [topics...]')
    .description('what happens from now on, or since a cursor')
    .option('--after <cursor>', 'go on behind this event')
    .action(
      run(console, async ({ forge, show, signal }, topics: string[], { after }: { after?: string }) => {
        const chosen = topics.length > 0 ? { topics } : {}
        for await (const event of forge.events({ ...chosen, after, signal })) {
          show(event, ({ at, topic, key, data }) => `${time(at)}  ${topic}  ${key}  ${JSON.stringify(data)}`)
        }
      }),
    )
}

function fleetText(fleet: Fleet): string {
  const nodes = table(fleet.nodes, {
    node: node => node.name,
    status: node => node.status,
    cores: node => node.cores,
    load: node => node.load.toFixed(2),
    memory: node => `${bytes(node.memoryBytes - node.memoryFreeBytes)} of ${bytes(node.memoryBytes)}`,
    slots: node => `${node.slotsUsed}/${node.slots}`,
    seen: node => time(node.lastSeenAt),
  })
  const heading = fields({
    status: [fleet.status, ...fleet.reasons].join('; '),
    services: `${fleet.services.healthy} healthy, ${fleet.services.degraded} degraded, ${fleet.services.down} down`,
    jobs: `${fleet.jobs.running} running, ${fleet.jobs.queued} queued, ${fleet.jobs.paused} paused`,
    speed: `${short(fleet.tokensPerSecond)} tokens/s`,
  })
  return `${heading}\n\n${nodes}`
}

const serviceTable = (services: readonly Service[]) =>
  table(services, {
    service: service => service.name,
    status: service => service.status,
    url: service => service.url ?? '–',
    version: service => service.version,
    memory: service => bytes(service.memoryBytes),
    cpu: service => percent(service.cpu),
    lag: service => `${service.eventLoopLagMs.toFixed(1)} ms`,
    seen: service => time(service.lastSeenAt),
  })
