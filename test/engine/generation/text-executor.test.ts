import { expect, it } from 'vitest'
import { openTextExecutor } from '../../../engine/generation/text-executor.ts'

it('texts are generated on ONNX Runtime unless another executor was chosen', async () => {
  expect(await openTextExecutor('auto', 2)).toMatchObject({ name: 'onnx', threads: 2 })
  expect(await openTextExecutor('tfjs-wasm', 1)).toMatchObject({ name: 'tfjs-wasm' })
  await expect(openTextExecutor('abacus', 1)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
})
