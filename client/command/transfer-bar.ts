import pc from 'picocolors'
import type { DownloadProgress } from '../downloads.ts'
import { bytes, percent } from './figures.ts'
import type { Screen } from './progress-bar.ts'

const cells = 24

/** One line that is drawn anew with every percent of a download; nothing where the screen is no terminal. */
export function transferBar(screen: Screen) {
  let drawn = ''
  return {
    update({ path, receivedBytes, sizeBytes }: DownloadProgress): void {
      const share = sizeBytes > 0 ? receivedBytes / sizeBytes : 1
      const mark = `${percent(share)} ${path}`
      if (!screen.isTTY || mark === drawn) return
      const full = Math.round(share * cells)
      const bar = `${pc.cyan('█'.repeat(full))}${pc.dim('░'.repeat(cells - full))}`
      screen.write(
        `\r\u001b[2K${bar} ${percent(share).padStart(4)}  ${bytes(receivedBytes)} of ${bytes(sizeBytes)}  ${path}`,
      )
      drawn = mark
    },
    stop(): void {
      if (drawn !== '') screen.write('\n')
    },
  }
}
