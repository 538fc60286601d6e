import { createInterface } from 'node:readline'
import { measureGeneration } from './generate.ts'
import { openTraining } from './train.ts'
import type { Trial, Turn } from './trial.ts'

/** One measurement in a process of its own: its peak memory is that of this one, and its sessions end with it. */
const trial = JSON.parse(process.argv[2]!) as Trial
const tell = (answer: object) => {
  // maxRSS is in KiB.
  const peakMegabytes = (process.resourceUsage().maxRSS * 1024) / 1e6
  process.stdout.write(`${JSON.stringify({ ...answer, peakMegabytes })}\n`)
}

if (trial.kind === 'generate') tell(await measureGeneration(trial))
else {
  const step = await openTraining(trial)
  tell({})
  for await (const line of createInterface({ input: process.stdin })) {
    const { inputs, targets } = JSON.parse(line) as Turn
    tell(await step({ inputs: Int32Array.from(inputs), targets: Int32Array.from(targets) }))
  }
}
