import { builder, ModelVersionRef } from '../builder.ts'
import { cardOf, lossCurveOf } from './service.ts'

builder.objectFields(ModelVersionRef, t => ({
  card: t.string({
    nullable: true,
    description: 'The model card in Markdown; it shows `loss.svg`, which is `lossCurve`.',
    resolve: (version, _, context) => cardOf(context, version),
  }),
  lossCurve: t.string({
    nullable: true,
    description: 'Loss by step as SVG; null where no step is known.',
    resolve: (version, _, context) => lossCurveOf(context, version),
  }),
}))
