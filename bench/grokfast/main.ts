import { openExecutor } from '../../engine/executors/probe.ts'
import { train } from './train.ts'
import type { Trial } from './trial.ts'

/** One training in a process of its own, which the memory of its sessions leaves with. */
const trial = JSON.parse(process.argv[2]!) as Trial
const tell = (line: string) => process.stderr.write(`${trial.name}, seed ${trial.seed}: ${line}\n`)
const outcome = await train(await openExecutor('onnx', { threads: 1 }), trial, tell)
process.stdout.write(JSON.stringify(outcome))
