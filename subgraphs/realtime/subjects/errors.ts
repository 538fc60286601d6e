import { notFound } from '../../../kernel/errors.ts'
import type { SubjectKind } from './subject.ts'

const nouns = {
  JOB: { noun: 'job', list: 'jobs' },
  RUN: { noun: 'pipeline run', list: 'pipelineRuns' },
} as const

export const subjectNotFound = (kind: SubjectKind, id: string) =>
  notFound(`There is no ${nouns[kind].noun} "${id}": take an id that \`${nouns[kind].list}\` lists.`)
