import type { Pool } from 'pg'
import { lead } from '../../../kernel/database/leader.ts'
import type { Log } from '../../../kernel/log.ts'
import { pause } from '../../../kernel/resilience/pause.ts'
import { type PurgingParts, sweep } from './service.ts'

/** Sweeps every `everyMs`; of several processes, one. */
export const startSweeper = (
  parts: PurgingParts,
  { pool, log, everyMs }: { readonly pool: Pool; readonly log: Log; readonly everyMs: number },
): AsyncDisposable =>
  lead({
    name: 'model purges',
    pool,
    log,
    async work(_, signal) {
      while (!signal.aborted) {
        await sweep(parts)
        await pause(everyMs, signal)
      }
    },
  })
