import { expect, it } from 'vitest'
import { startEventServer } from '../event-server.ts'
import { command } from './screen.ts'

const deletion = {
  id: 'del_1',
  status: 'PENDING',
  refs: ['mine/1', 'mine/2'],
  reason: 'worse than mine/3',
  requestedAt: '2026-01-31T12:00:00.000Z',
  purgeAfter: '2026-02-07T12:00:00.000Z',
}

it('deletions are listed with the ids that undo them, for as long as they can be undone', async () => {
  await using server = await startEventServer('trainingProgress')
  const nodes = [deletion, { ...deletion, id: 'del_0', status: 'PURGED', reason: null }]
  const pageInfo = { endCursor: 'del_0', hasNextPage: false }
  server.answers(() => ({ data: { modelDeletions: { edges: nodes.map(node => ({ node })), pageInfo } } }))

  const { status, lines } = await command(server.url, 'models', 'deletions')
  expect(status).toBe(0)
  expect(lines.map(line => line.split(/ {2,}/))).toEqual([
    ['ID', 'STATUS', 'VERSIONS', 'UNTIL', 'REASON'],
    ['del_1', 'PENDING', 'mine/1, mine/2', expect.stringMatching(/^2026-02-07/), 'worse than mine/3'],
    ['del_0', 'PURGED', 'mine/1, mine/2', '–', '–'],
  ])
})
