import { expect, it } from 'vitest'
import { newId } from '../../../../kernel/ids.ts'
import { groupStore } from '../../../../subgraphs/training/groups/store.ts'
import { trainingStores } from '../stores.ts'

it('finds siblings in the order they were made, and the control of a job', async () => {
  await using stores = await trainingStores()
  const groups = groupStore(stores.db)
  const groupId = newId('group')
  const first = await stores.addJob({ groupId, seed: 42 })
  const second = await stores.addJob({ groupId, seed: 7 })
  const control = await stores.addJob({ controlOf: first.id })

  const [members, none] = await Promise.all([groups.members(groupId), groups.members(newId('group'))])
  expect(members.map(({ id }) => id)).toEqual([first.id, second.id])
  expect(none).toEqual([])
  expect(await Promise.all([groups.controlOf(first.id), groups.controlOf(second.id)])).toEqual([control, null])
})
