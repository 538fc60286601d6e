import { keepContexts } from './correlation.ts'
import type { TracingSettings } from './settings.ts'

/** The SDK takes longer to load than a small service to start, so it is loaded only where it is used. */
export async function openTracer(service: string, settings: TracingSettings) {
  keepContexts()
  const { openTracing } = await import('./exporting.ts')
  return openTracing(service, settings)
}
