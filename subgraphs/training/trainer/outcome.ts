import { CONFIG, huggingFaceFiles } from '../../../engine/formats/huggingface.ts'
import { parameterCount } from '../../../engine/models/llama-parameters.ts'
import type { Trainer } from '../../../engine/training/trainer.ts'
import type { Blobs } from '../../../kernel/blobs/blobs.ts'
import type { StopReason } from '../../../schema/values.ts'
import type { CognateConfig } from '../recipes/config.ts'
import type { PreparedData } from './preparation.ts'
import type { FromTrainer } from './protocol.ts'
import type { Recorder } from './recorder.ts'
import type { Weights } from './saving.ts'
import { diverged } from './stopping.ts'

interface Finished {
  readonly config: CognateConfig
  readonly blobs: Blobs
  readonly trainer: Trainer
  readonly data: PreparedData
  readonly recorder: Recorder
  readonly baseline: Readonly<Record<string, number>>
  readonly newestLoss: Readonly<Record<string, number>>
  /** The weights to take instead of the last, if any. */
  readonly best: Weights | null
  readonly stopReason: StopReason | null
  send(message: FromTrainer): void
}

/** Stores the finished model, and says what it is worth. */
export async function finish(finished: Finished): Promise<void> {
  const { config, blobs, trainer, data, recorder, baseline, newestLoss, best, stopReason, send } = finished
  const { step } = trainer
  const result = { validation_loss: await trainer.evaluate(data.validation, best ?? undefined) }
  // The loss of a step is that of the weights before it: what the last step made of them shows only here.
  if (!Number.isFinite(result.validation_loss)) throw diverged(step, result.validation_loss)
  recorder.record(step, result)
  recorder.flush()
  const parameters = best ?? trainer.parameters()
  const files = huggingFaceFiles({ config: config.model, parameters, tokenizer: data.tokenizer })
  const stored = Object.entries(files).map(async ([path, bytes]) => ({ path, ...(await blobs.put(bytes)) }))
  send({
    kind: 'completed',
    step,
    stopReason,
    parameterCount: parameterCount(config.model),
    architecture: { kind: 'llama', ...JSON.parse(new TextDecoder().decode(files[CONFIG])) },
    files: await Promise.all(stored),
    metrics: Object.entries({ ...newestLoss, ...result, ...baseline }).map(([name, value]) => ({ name, value })),
  })
}
