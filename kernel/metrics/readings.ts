import { Gauge, type Registry } from 'prom-client'

export interface Reading {
  readonly labels?: Readonly<Record<string, string>>
  /** NaN where nobody can say now. */
  readonly value: number
}

export interface Measured {
  /** With its unit, as `forge_outbox_oldest_age_seconds`. */
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
  /** Called at every scrape. */
  read(): Promise<readonly Reading[]>
}

/** A gauge that is read when it is asked for, and costs nothing in between. */
export function measure(registry: Registry, { name, help, labels = [], read }: Measured): void {
  new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    async collect() {
      const readings = await read()
      this.reset()
      for (const { labels = {}, value } of readings) this.set(labels, value)
    },
  })
}

/** The number, or NaN when asking for it fails: one database that is away must not hide all other metrics. */
export const orUnknown = (reading: Promise<number>): Promise<number> => reading.catch(() => Number.NaN)
