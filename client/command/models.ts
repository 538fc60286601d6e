import type { Command } from 'commander'
import type { Model, ModelDetails, ModelVersion } from '../models.ts'
import { exportCommands } from './exports.ts'
import { bytes, short, time } from './figures.ts'
import { importCommand } from './imports.ts'
import { listing } from './listing.ts'
import { integer, number } from './options.ts'
import { registryCommands } from './registry.ts'
import { type Console, run } from './session.ts'
import { fields, table } from './table.ts'

export function modelCommands(program: Command, console: Console): void {
  const models = program.command('models').description('models and their versions')

  listing(models.command('list').description('newest first'), console, (forge, page) => forge.models(page), modelTable)

  models
    .command('show <ref>')
    .description('a model by its name, or a version as name/3 or name@alias')
    .action(
      run(console, async ({ forge, show }, ref: string) =>
        /[/@]/.test(ref) ? show(await forge.modelVersion(ref), versionText) : show(await forge.model(ref), modelText),
      ),
    )

  models
    .command('generate <ref> <prompt>')
    .description('let a model go on with a text')
    .option('--max-tokens <count>', 'at most so many new tokens', integer)
    .option('--temperature <value>', '0 always takes the likeliest token', number)
    .option('--top-k <count>', 'only the k likeliest tokens', integer)
    .option('--top-p <share>', 'only the likeliest tokens that together have this probability', number)
    .option('--seed <seed>', 'the same seed gives the same text', integer)
    .action(
      run(console, async ({ forge, show }, model: string, prompt: string, options: object) =>
        show(await forge.generate({ model, prompt, ...options }), ({ text }) => `${prompt}${text}`),
      ),
    )

  models
    .command('alias <ref> <alias>')
    .description('let name@alias mean this version')
    .action(
      run(console, async ({ forge, show }, ref: string, alias: string) =>
        show(await forge.setAlias(ref, alias), version => `${version.model.name}@${alias} is ${version.ref}`),
      ),
    )

  exportCommands(models, console)
  importCommand(models, console)
  registryCommands(models, console)
}

const modelTable = (models: readonly Model[]) =>
  table(models, {
    name: model => model.name,
    latest: model => model.latest?.ref ?? '–',
    phase: model => model.latest?.phase ?? '–',
    parameters: model => (model.latest ? short(model.latest.parameterCount) : '–'),
    size: model => (model.latest ? bytes(model.latest.sizeBytes) : '–'),
    created: model => time(model.createdAt),
  })

function modelText(model: ModelDetails): string {
  const versions = table(
    model.versions.edges.map(edge => edge.node),
    {
      version: version => version.ref,
      phase: version => version.phase,
      parameters: version => short(version.parameterCount),
      size: version => bytes(version.sizeBytes),
      aliases: version => version.aliases.join(', ') || '–',
      created: version => time(version.createdAt),
    },
  )
  return `${fields({ name: model.name, id: model.id, project: model.project })}\n\n${versions}`
}

function versionText(version: ModelVersion): string {
  const heading = fields({
    version: version.ref,
    id: version.id,
    phase: version.phase,
    parameters: short(version.parameterCount),
    size: bytes(version.sizeBytes),
    digest: version.digest,
    aliases: version.aliases.join(', ') || '–',
    parents: version.parents.map(parent => parent.ref).join(', ') || '–',
    job: version.job?.id ?? '–',
    created: time(version.createdAt),
    ...Object.fromEntries(version.metrics.map(({ name, value }) => [name, Number(value.toPrecision(6))])),
  })
  const files = table(version.files, {
    file: file => file.path,
    size: file => bytes(file.sizeBytes),
    digest: file => file.digest,
  })
  return `${heading}\n\n${files}`
}
