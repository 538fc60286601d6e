import asciichart from 'asciichart'
import pc from 'picocolors'
import type { Curve } from '../../engine/plots/curves-svg.ts'

type Point = Curve['points'][number]

/** A chart of the training loss and, where there is one, the validation loss over the steps; empty without two points. */
export function lossCurve(loss: readonly Point[], validation: readonly Point[] = [], columns = 80): string {
  return curvesChart(
    [
      { label: 'loss', points: loss },
      { label: 'validation loss', points: validation },
    ],
    '',
    columns,
  )
}

const inks = [
  { shown: pc.cyan, drawn: asciichart.cyan },
  { shown: pc.yellow, drawn: asciichart.yellow },
]

/** Curves over the same steps in one chart, those of at least two points; empty without one. */
export function curvesChart(curves: readonly Curve[], what: string, columns = 80): string {
  const series = curves.filter(({ points }) => points.length > 1)
  const steps = series.flatMap(({ points }) => points.map(({ step }) => step))
  if (steps.length === 0) return ''
  const range = { from: Math.min(...steps), to: Math.max(...steps), width: Math.max(10, Math.min(columns, 90) - 12) }
  const chart = asciichart.plot(
    series.map(({ points }) => spread(points, range)),
    { height: 12, colors: pc.isColorSupported ? inks.map(({ drawn }) => drawn) : [] },
  )
  const legend = series.map(({ label }, index) => inks[index % inks.length]!.shown(label)).join(' · ')
  return `${what && `${what}: `}${legend} over steps ${range.from} to ${range.to}\n${chart}`
}

/** A value for each column: the mean of its points, or the value of the column before. */
function spread(points: readonly Point[], { from, to, width }: { from: number; to: number; width: number }): number[] {
  const columns: number[][] = Array.from({ length: width }, () => [])
  for (const { step, value } of points) {
    columns[Math.min(width - 1, Math.floor(((step - from) / Math.max(1, to - from)) * width))]!.push(value)
  }
  let last = points[0]!.value
  return columns.map(values => {
    if (values.length > 0) last = values.reduce((sum, value) => sum + value, 0) / values.length
    return last
  })
}
