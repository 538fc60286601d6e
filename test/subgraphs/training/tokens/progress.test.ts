import { expect, it } from 'vitest'
import { openProgress } from '../../../../subgraphs/training/tokens/progress.ts'

it('says nothing of what is quick, and then something every ten seconds', () => {
  const said: string[] = []
  let time = 0
  const progress = openProgress(
    'tokenizing',
    text => said.push(text),
    () => time,
  )
  for (let at = 0; at <= 21_000; at += 500) {
    time = at
    progress(at / 20_000)
  }
  expect(said).toEqual(['tokenizing: 5 %', 'tokenizing: 55 %', 'tokenizing: 100 %'])
})
