import type { JobFacts } from '../histories/ports.ts'
import type { Model } from '../registry/model.ts'
import type { ModelVersion, VersionFile } from '../versions/version.ts'

/** All that a card tells. */
export interface CardFacts {
  readonly version: ModelVersion
  readonly model: Model
  readonly aliases: readonly string[]
  readonly files: readonly VersionFile[]
  /** `name/3` of the versions that it was made from, and of those made from it. */
  readonly parents: readonly string[]
  readonly children: readonly string[]
  /** The parent that has the same weights, as where no merge was better than it. */
  readonly copyOf: string | null
  readonly job: JobFacts | null
  readonly hasCurve: boolean
}

/** A model card in Markdown, with the front matter that the Hugging Face Hub reads. What is not known is left out. */
export function cardText(facts: CardFacts): string {
  const { version, model, hasCurve } = facts
  const ref = `${model.name}/${version.number}`
  const sections = [
    frontMatter(facts),
    `# ${ref}`,
    version.description || model.description,
    hasCurve ? '![Loss by step](loss.svg)' : '',
    section('Made from', table(origin(facts))),
    section('Configuration', table(Object.entries(version.architecture).map(([name, value]) => [name, shown(value)]))),
    section(
      'Evaluation',
      table(version.metrics.map(({ name, value }) => [name, String(Number(value.toPrecision(6)))])),
    ),
    section(
      'Files',
      table(facts.files.map(({ path, sizeBytes, digest }) => [`${path} (${sizeBytes} bytes)`, `\`${digest}\``])),
    ),
    section('Use', use(facts, ref)),
  ]
  return `${sections.filter(text => text !== '').join('\n\n')}\n`
}

function frontMatter({ version, model }: CardFacts): string {
  const tags = [...new Set(['agent-forge', ...model.tags, ...version.tags])]
  return [
    '---',
    'library_name: transformers',
    'pipeline_tag: text-generation',
    `tags: ${JSON.stringify(tags)}`,
    '---',
  ].join('\n')
}

function origin({ version, aliases, parents, children, copyOf, job }: CardFacts): Row[] {
  const rows: [string, string | number | null | undefined][] = [
    ['phase', version.phase],
    ['parameters', version.parameterCount],
    ['registered', version.createdAt.toISOString()],
    ['imported from', version.source?.from],
    ['job', version.jobId],
    ['pipeline run', version.runId && `${version.runId}, step ${version.stepName}`],
    ['seed', job?.seed],
    ['steps', job?.totalSteps],
    ['executor', job?.executor],
    ['dataset', version.dataset?.id],
    ['dataset fingerprint', version.dataset && `\`${version.dataset.fingerprint}\``],
    ['parents', parents.join(', ')],
    ['copy of', copyOf && `${copyOf}, whose weights it has`],
    ['children', children.join(', ')],
    ['aliases', aliases.join(', ')],
    ['checksum', `\`${version.digest}\``],
    ['signed by', version.keyId && `\`${version.keyId}\``],
  ]
  return rows.flatMap(([name, value]) => (value == null || value === '' ? [] : [[name, String(value)] as const]))
}

const use = ({ model }: CardFacts, ref: string): string => {
  const folder = `${model.name}-model`
  return [
    'Fetch it, every byte checked, and prove who made it from what:',
    fence('sh', `npm run forge -- models download ${ref} ${folder}\nnpm run forge -- models verify ${ref}`),
    'Load it with transformers:',
    fence(
      'python',
      `from transformers import AutoModelForCausalLM, AutoTokenizer\nmodel = AutoModelForCausalLM.from_pretrained("${folder}")\ntokenizer = AutoTokenizer.from_pretrained("${folder}")`,
    ),
    'For llama.cpp and ONNX Runtime:',
    fence(
      'sh',
      `npm run forge -- models export ${ref} out --format gguf\nnpm run forge -- models export ${ref} out --format onnx`,
    ),
  ].join('\n\n')
}

type Row = readonly [string, string]

const fence = (language: string, code: string): string => `\`\`\`${language}\n${code}\n\`\`\``
const section = (title: string, body: string): string => (body === '' ? '' : `## ${title}\n\n${body}`)
const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

function table(rows: readonly Row[]): string {
  if (rows.length === 0) return ''
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
  return ['| | |', '| --- | --- |', ...rows.map(([name, value]) => `| ${cell(name)} | ${cell(value)} |`)].join('\n')
}
