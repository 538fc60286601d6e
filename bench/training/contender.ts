import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { withHugePages } from '../../engine/executors/huge-pages.ts'
import { inheritedEnv } from '../../kernel/env.ts'
import { type Answers, openAnswers } from '../answers.ts'
import type { OwnStep, StepTaken, Trial, Turn, WithPeak } from './trial.ts'

/** Trains in a process of its own, a step whenever it is its turn. */
export interface Contender<Step extends StepTaken = StepTaken> extends AsyncDisposable {
  step(turn: Turn): Promise<WithPeak<Step>>
}

/** Our program for a trial, in a process with the environment of a training. */
export function openOwn(trial: Trial): Answers {
  const command = [process.execPath, join(import.meta.dirname, 'main.ts'), JSON.stringify(trial)]
  return openAnswers(pinned(trial.threads, command), withHugePages(inheritedEnv()), 'what it says above')
}

export async function openOurs(trial: Trial): Promise<Contender<OwnStep>> {
  const program = openOwn(trial)
  await program.next()
  return { step: turn => program.ask(turn), [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() }
}

/** The command, kept to as many cores as it has threads where there is taskset. */
export function pinned(threads: number, command: readonly string[]): readonly string[] {
  return pins() ? ['taskset', '-c', threads === 1 ? '0' : `0-${threads - 1}`, ...command] : command
}

function pins(): boolean {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
