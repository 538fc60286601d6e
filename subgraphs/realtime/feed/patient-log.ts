import { unavailable } from '../../../kernel/errors.ts'
import type { Log } from '../../../kernel/log.ts'
import { backoff, pause } from '../../../kernel/resilience/pause.ts'
import type { EventLog } from './ports.ts'

const attempts = 5

/** The event log for streams that outlive a lost connection to it: asks again for some two seconds, then UNAVAILABLE. */
export function patientLog(events: EventLog, log: Log): EventLog {
  const patiently = async <T>(ask: () => Promise<T>): Promise<T> => {
    for (let failures = 1; ; failures++) {
      try {
        return await ask()
      } catch (error) {
        if (failures === attempts) throw unavailable('The event log does not answer: try again in a moment.', error)
        log.warn({ err: error, failures }, 'The event log does not answer; asking again.')
        await pause(backoff(failures))
      }
    }
  }
  return {
    id: events.id,
    origin: events.origin,
    compare: events.compare,
    isPosition: events.isPosition,
    read: query => patiently(() => events.read(query)),
    readBack: query => patiently(() => events.readBack(query)),
    head: () => patiently(() => events.head()),
    floor: topics => patiently(() => events.floor(topics)),
  }
}
