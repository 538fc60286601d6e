const [width, height] = [720, 300]
const margin = { left: 56, right: 16, top: 16, bottom: 36 }
const colours = ['#4269d0', '#ff725c', '#3ca951', '#a463f2', '#efb118', '#6cc5b0']
const ticks = 5

interface Point {
  readonly step: number
  readonly value: number
}

export interface Curve {
  readonly label: string
  readonly points: readonly Point[]
}

/** Curves over the same steps as an SVG that stands alone; null without a finite point. */
export function curvesSvg(title: string, curves: readonly Curve[]): string | null {
  const drawn = curves
    .map(({ label, points }) => ({ label, points: points.filter(({ value }) => Number.isFinite(value)) }))
    .filter(({ points }) => points.length > 0)
  const all = drawn.flatMap(({ points }) => points)
  if (all.length === 0) return null
  const x = scale(
    all.map(({ step }) => step),
    [margin.left, width - margin.right],
  )
  const y = scale(
    all.map(({ value }) => value),
    [height - margin.bottom, margin.top],
  )
  const lines = drawn.flatMap(({ label, points }, index) => {
    const colour = colours[index % colours.length]
    const path = points.map(({ step, value }) => `${round(x.at(step))},${round(y.at(value))}`).join(' ')
    return [
      `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${path}"/>`,
      `<text x="${width - margin.right}" y="${margin.top + 14 * (index + 1)}" text-anchor="end" fill="${colour}">${escaped(label)}</text>`,
    ]
  })
  const axes = [
    ...marks(x).map(value => tick(x.at(value), height - margin.bottom + 16, String(Math.round(value)), 'middle')),
    ...marks(y).map(value => tick(margin.left - 6, y.at(value) + 4, value.toPrecision(3), 'end')),
    tick((margin.left + width - margin.right) / 2, height - 4, escaped(title), 'middle'),
    `<path d="M${margin.left} ${margin.top}V${height - margin.bottom}H${width - margin.right}" fill="none" stroke="#888"/>`,
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...axes,
    ...lines,
    '</svg>\n',
  ].join('\n')
}

interface Scale {
  readonly least: number
  readonly most: number
  at(value: number): number
}

function scale(values: readonly number[], [from, to]: readonly [number, number]): Scale {
  const least = values.reduce((a, b) => Math.min(a, b))
  const most = values.reduce((a, b) => Math.max(a, b))
  const span = most - least || 1
  return { least, most, at: value => from + ((value - least) / span) * (to - from) }
}

const marks = ({ least, most }: Scale): number[] =>
  least === most ? [least] : Array.from({ length: ticks }, (_, index) => least + ((most - least) * index) / (ticks - 1))

const tick = (x: number, y: number, text: string, anchor: string): string =>
  `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="#555">${text}</text>`

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

const round = (value: number): number => Math.round(value * 10) / 10
