import { stripVTControlCharacters } from 'node:util'
import pc from 'picocolors'
import type { LogLine } from '../jobs.ts'
import type { Session } from './session.ts'

/** Lines that are asked for at once. */
const page = 2_000

/** Shows the log of a job, all of it or the last `tail` lines, and with `follow` what comes until the job has ended. */
export async function showLog(
  session: Session,
  jobId: string,
  { tail, follow = false }: { readonly tail?: number; readonly follow?: boolean },
): Promise<void> {
  const { forge, json, signal, say } = session
  const show = (lines: readonly LogLine[]) => {
    for (const line of lines) say(json ? JSON.stringify(line) : lineText(line))
  }
  let after = tail === undefined ? 0 : Math.max(0, (await forge.jobLog(jobId, { first: 0 })).total - tail)
  if (follow) {
    for await (const { lines } of forge.jobLogs(jobId, { afterLine: after, signal })) show(lines)
    return
  }
  while (!signal.aborted) {
    const { lines } = await forge.jobLog(jobId, { after, first: page })
    show(lines)
    if (lines.length < page) return
    after = lines.at(-1)!.number
  }
}

/** Without what could move the cursor of the terminal, or worse. */
function lineText({ at, source, text }: LogLine): string {
  const plain = stripVTControlCharacters(text).replaceAll(/\p{Cc}/gu, character => (character === '\t' ? '\t' : ' '))
  const said = source === 'FORGE' ? pc.bold(plain) : source === 'STDERR' ? pc.yellow(plain) : plain
  return `${pc.dim(at)} ${said}`
}
