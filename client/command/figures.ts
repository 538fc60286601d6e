/** 1,234 as `1.2k`, 56,789,000 as `56.8M`. */
export function short(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)}G`
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)}M`
  if (value >= 1e4) return `${(value / 1e3).toFixed(0)}k`
  if (value >= 1e3) return `${(value / 1e3).toFixed(1)}k`
  return value.toFixed(0)
}

/** Bytes in powers of 1,000: `4.6 MB`. */
export const bytes = (value: number): string =>
  value < 1e3 ? `${value} B` : `${short(value).replace(/[kMG]$/, ' $&')}B`

export const percent = (share: number): string => `${Math.round(share * 100)}%`

/** Milliseconds as `1h 02m`, `2m 05s` or `12s`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  const two = (value: number) => String(value).padStart(2, '0')
  if (seconds >= 3_600) return `${Math.floor(seconds / 3_600)}h ${two(Math.floor((seconds % 3_600) / 60))}m`
  if (seconds >= 60) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`
  return `${seconds}s`
}

/** `2026-01-31 12:00:00` in the time of this machine, or a dash. */
export function time(iso: string | null | undefined): string {
  if (iso == null) return '–'
  const at = new Date(iso)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}
