import { measureGeneration } from './generate.ts'
import { measureTraining } from './train.ts'
import type { Trial } from './trial.ts'

/** One measurement in a process of its own: its peak memory is that of this one, and its sessions end with it. */
const trial = JSON.parse(process.argv[2]!) as Trial
const times = await (trial.kind === 'train' ? measureTraining(trial) : measureGeneration(trial))
// maxRSS is in KiB.
const peakMegabytes = (process.resourceUsage().maxRSS * 1024) / 1e6
process.stdout.write(JSON.stringify({ ...times, peakMegabytes }))
