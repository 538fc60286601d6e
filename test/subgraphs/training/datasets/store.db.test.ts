import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../../../support/processes.ts'
import { digestOf, newDataset, trainingStores } from '../stores.ts'

it('a dataset that is added is announced with its content, and its twin is not', async () => {
  await using stores = await trainingStores()
  const dataset = newDataset({ name: 'announced', digest: digestOf('d') })
  expect(await stores.datasets.add(dataset)).toEqual(dataset)
  expect((await stores.datasets.add(newDataset({ name: 'announced' }))).id).toBe(dataset.id)

  const announced = await stores.db.outbox.findMany({ where: { topic: 'dataset.added' } })
  expect(announced.map(({ data }) => data)).toContainEqual({ datasetId: dataset.id, digest: dataset.digest })
  expect(announced).toHaveLength(2)
})

it('says which content is needed no more: of a dataset that came to none, and of one that is removed', async () => {
  await using stores = await trainingStores()
  const removed = await stores.datasets.add(newDataset({ name: 'removed', digest: digestOf('d') }))
  const refused = newDataset({ name: 'refused', digest: digestOf('e') })
  await stores.datasets.drop(refused)
  expect(await stores.datasets.remove(removed)).toBe(true)
  await stores.addJob()
  expect(await stores.datasets.remove(stores.dataset)).toBe(false)

  const rows = await stores.db.outbox.findMany({ where: { topic: 'dataset.dropped' }, orderBy: { position: 'asc' } })
  expect(rows.map(({ data }) => data)).toEqual([refused, removed].map(({ id, digest }) => ({ datasetId: id, digest })))
})

it('announces the datasets of a forge that did not do so yet', async () => {
  await using stores = await trainingStores()
  await stores.db.outbox.deleteMany()
  const folder = join(root, 'prisma/training/migrations/20261126034500_announced_datasets')
  await stores.pool.query(await readFile(join(folder, 'migration.sql'), 'utf8'))
  const { id, project, digest } = stores.dataset
  expect(await stores.db.outbox.findMany()).toMatchObject([
    { id: id.replace('ds_', 'evt_'), topic: 'dataset.added', key: id, project, data: { datasetId: id, digest } },
  ])
})
