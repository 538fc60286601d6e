import { expect, it } from 'vitest'
import { handleVersion } from '../../../../subgraphs/training/evomerge/events.ts'
import { knownVersionStore } from '../../../../subgraphs/training/evomerge/store.ts'
import { trainingStores } from '../stores.ts'

it('finds a version by an alias where models has moved it, for as long as it names one', async () => {
  await using stores = await trainingStores()
  const versions = knownVersionStore(stores.db)
  const handle = handleVersion(versions)
  for (const number of [1, 2]) {
    await versions.add({ id: `mv_${number}`, project: 'default', modelName: 'm', number, files: [], architecture: {} })
  }
  const moved = (versionId: string | null, project = 'default') => {
    const data = { modelId: 'model_1', modelName: 'm', alias: 'champion', versionId, previousVersionId: null }
    const envelope = { id: 'evt_1', topic: 'alias.moved', key: 'model_1', at: '', position: '1' }
    return handle({ ...envelope, project, data: { ...data, principal: 'key_1' } } as never)
  }
  const champion = async () => (await versions.find('default', { modelName: 'm', alias: 'champion' }))?.id ?? null

  await moved('mv_1')
  await moved('mv_2', 'other')
  expect(await champion()).toBe('mv_1')
  await moved('mv_2')
  await moved('mv_2')
  expect(await champion()).toBe('mv_2')
  await versions.setDeleted('mv_2', true)
  expect(await champion()).toBeNull()
  await versions.setDeleted('mv_2', false)
  await moved(null)
  expect(await champion()).toBeNull()
  // The other names of a version are as they were.
  expect((await versions.find('default', { modelName: 'm', number: 'latest' }))?.id).toBe('mv_2')
}, 30_000)
