import { expect, it } from 'vitest'
import { newId } from '../../../../kernel/ids.ts'
import type { DatasetImport } from '../../../../subgraphs/training/imports/import.ts'
import { readImportSource } from '../../../../subgraphs/training/imports/request.ts'
import { importStore } from '../../../../subgraphs/training/imports/store.ts'
import { digestOf, newDataset, trainingStores } from '../stores.ts'

const newImport = (name: string): DatasetImport => ({
  id: newId('imp'),
  project: 'default',
  name,
  status: 'IMPORTING',
  source: readImportSource({ task: { kind: 'COPY' } }),
  principal: 'key_1',
  progress: 0,
  bytesRead: 0,
  documents: 0,
  notes: [],
  crashes: 0,
  datasetId: null,
  error: null,
  idempotencyKey: null,
  createdAt: new Date(),
  finishedAt: null,
})

it('gives up the content of an import that was cancelled, or whose name was taken meanwhile', async () => {
  await using stores = await trainingStores()
  const imports = importStore(stores.db)
  const begin = async (name: string) => (await imports.add(newImport(name))).id
  const [made, taken, cancelled] = [await begin('made'), await begin(stores.dataset.name), await begin('cancelled')]
  await imports.end(cancelled, 'CANCELLED', null, new Date())

  const results = [
    { id: made, dataset: newDataset({ name: 'made', digest: digestOf('b') }) },
    { id: taken, dataset: newDataset({ digest: digestOf('c') }) },
    { id: cancelled, dataset: newDataset({ name: 'cancelled', digest: digestOf('d') }) },
  ]
  const stored = []
  for (const { id, dataset } of results) stored.push((await imports.complete(id, dataset, [], new Date()))?.id)
  expect(stored).toEqual([results[0]!.dataset.id, stores.dataset.id, undefined])
  const dropped = await stores.db.outbox.findMany({ where: { topic: 'dataset.dropped' }, orderBy: { position: 'asc' } })
  expect(dropped.map(({ key }) => key)).toEqual(results.slice(1).map(({ dataset }) => dataset.id))
})
