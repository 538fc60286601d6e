import { createProgram } from '../../../client/command/program.ts'
import { connectForge } from '../../../client/forge.ts'

/** Keeps what a command writes. */
export function memoryScreen(isTTY = false, columns = 100) {
  let text = ''
  return {
    isTTY,
    columns,
    write: (more: string) => {
      text += more
    },
    text: () => text,
    lines: () => text.trimEnd().split('\n'),
  }
}

/** Runs one command against the forge at `url`, as a process would, and says how it ended. */
export async function command(url: string, ...words: string[]) {
  const [stdout, stderr] = [memoryScreen(), memoryScreen()]
  const { signal } = new AbortController()
  const connect: typeof connectForge = given => connectForge({ url, apiKey: 'forge_test', ...given })
  process.exitCode = 0
  try {
    await createProgram({ stdout, stderr, connect, signal }).parseAsync(words, { from: 'user' })
  } catch (error) {
    if ((error as Error).name !== 'CommanderError') throw error
    process.exitCode = 2
  }
  const status = process.exitCode
  process.exitCode = 0
  return { status, stdout: stdout.text(), stderr: stderr.text(), lines: stdout.lines() }
}
