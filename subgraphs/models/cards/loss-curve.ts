import { curvesSvg } from '../../../engine/plots/curves-svg.ts'
import type { CurvePoint } from '../histories/ports.ts'

/** Loss by step as an SVG that stands alone; null without a point. */
export const lossCurveSvg = (points: readonly CurvePoint[]): string | null =>
  curvesSvg(
    'Loss by step',
    ['loss', 'validation_loss'].map(label => ({ label, points: points.filter(({ name }) => name === label) })),
  )
