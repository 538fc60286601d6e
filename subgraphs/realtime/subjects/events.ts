import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { subjectAfter } from './news.ts'
import type { Subjects } from './ports.ts'

/** Repeated from any point on, the events of a subject lead to the same state. */
export const keepSubject = (subjects: Subjects, event: BusEvent): Promise<void> => subjects.put(subjectAfter(event))
