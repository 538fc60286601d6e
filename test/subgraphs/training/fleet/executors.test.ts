import { expect, it } from 'vitest'
import { findExecutors } from '../../../../subgraphs/training/fleet/executors.ts'
import { silentLog } from '../../../support/silent-log.ts'

it('an executor that there is not is refused by its name, with those that there are', async () => {
  await expect(findExecutors('abacus', silentLog)).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringMatching(/FORGE_EXECUTOR is "abacus".*auto, native, onnx, .*reference/),
  })
})
