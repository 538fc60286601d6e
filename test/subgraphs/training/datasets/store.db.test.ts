import { expect, it } from 'vitest'
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
