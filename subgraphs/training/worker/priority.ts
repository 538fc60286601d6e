import { spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import type { Env } from '../../../kernel/env.ts'

/** What training processes may take of the cores from everything else. */
export interface Priority {
  /** What starts a program under it, before the program itself; may be empty. */
  readonly command: readonly string[]
  /** As nice(1) has it. */
  readonly niceness: number
}

export const normalPriority: Priority = { command: [], niceness: 0 }

/**
 * Training must not make the forge slow to answer. Under Linux's SCHED_IDLE (sched(7)) it gives way the moment that anything
 * else wakes; a nice process first ends its slice of some ms, which adds up over the hops of one request.
 */
export function trainingPriority({ FORGE_TRAINING_PRIORITY }: Pick<Env, 'FORGE_TRAINING_PRIORITY'>): Priority {
  if (FORGE_TRAINING_PRIORITY === 'normal') return normalPriority
  const command = ['chrt', '--idle', '0']
  // Of util-linux, which is not everywhere; a container may forbid it.
  const works = spawnSync(command[0]!, [...command.slice(1), 'true']).status === 0
  return { command: works ? command : [], niceness: constants.priority.PRIORITY_LOW }
}
