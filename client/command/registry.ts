import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { bytes, time } from './figures.ts'
import { listing } from './listing.ts'
import { type Console, run, Unsuccessful } from './session.ts'
import { fields, table } from './table.ts'
import { type WrittenFile, writeFileParts } from './written-file.ts'

/** Commands on what the registry knows of versions. */
export function registryCommands(models: Command, console: Console): void {
  models
    .command('verify <ref>')
    .description('prove who made a version from what: every byte, the signature and the lineage; status 1 if not')
    .option('--key <file>', 'the public key (PEM) that you trust; otherwise the one that the forge names')
    .action(
      run(console, async ({ forge, show }, ref: string, { key }: { key?: string }) => {
        const result = await forge.verify(ref, { key: key && (await readFile(key, 'utf8')) })
        show(result, ({ checks, statement }) =>
          [
            table(checks, {
              check: ({ ok }) => (ok ? '✓' : '✗'),
              of: ({ what }) => what,
              found: ({ found }) => found,
            }),
            statement ? fields({ ...made(statement.madeBy), dataset: statement.dataset?.fingerprint ?? '–' }) : '',
            result.ok ? `${result.ref} is what was signed.` : `${result.ref} is NOT what was signed.`,
          ].join('\n\n'),
        )
        if (!result.ok) throw new Unsuccessful()
      }),
    )

  models
    .command('card <ref> [folder]')
    .description('the model card; with a folder, README.md and loss.svg in it')
    .action(
      run(console, async ({ forge, show }, ref: string, folder?: string) => {
        const { card, lossCurve } = await forge.modelCard(ref)
        if (folder === undefined) return show({ ref, card, lossCurve }, () => card ?? '')
        const contents = { 'README.md': card, 'loss.svg': lossCurve }
        const written: WrittenFile[] = []
        for (const [path, text] of Object.entries(contents)) {
          if (text) written.push(await writeFileParts(folder, path, [Buffer.from(text)]))
        }
        show({ ref, folder, files: written }, () => written.map(({ path }) => `${folder}/${path}`).join('\n'))
      }),
    )

  models
    .command('compare <a> <b>')
    .description('what differs between two versions, down to every tensor')
    .action(
      run(console, async ({ forge, show }, a: string, b: string) =>
        show(await forge.compareVersions(a, b), ({ config, metrics, tensors }) =>
          [
            config.length === 0
              ? 'Both have the same settings.'
              : table(config, { setting: ({ name }) => name, [a]: row => text(row.a), [b]: row => text(row.b) }),
            table(metrics, {
              metric: ({ name }) => name,
              [a]: row => text(row.a),
              [b]: row => text(row.b),
              change: row => text(row.change),
            }),
            table(tensors ?? [], {
              tensor: ({ name }) => name,
              shape: ({ shapeA, shapeB }) =>
                shapeA?.join() === shapeB?.join() ? text(shapeA) : `${text(shapeA)} → ${text(shapeB)}`,
              l2: ({ l2 }) => text(l2),
              cosine: ({ cosine }) => text(cosine),
              'max |Δ|': ({ maxAbs }) => text(maxAbs),
            }),
          ].join('\n\n'),
        ),
      ),
    )

  models
    .command('delete <refs...>')
    .description('show what would go, and with --yes delete it; it can be undone for a while')
    .option('--yes', 'delete what is shown')
    .option('--reason <text>', 'kept with the deletion')
    .action(
      run(console, async ({ forge, show }, refs: string[], { yes, reason }: { yes?: boolean; reason?: string }) => {
        const preview = await forge.deletionPreview(refs)
        const names = (versions: readonly { ref: string }[]) => versions.map(({ ref }) => ref).join(', ') || '–'
        const seen = fields({
          versions: names(preview.versions),
          'made from these': names(preview.dependents),
          'aliases in the way': preview.aliases.join(', ') || '–',
          files: preview.files,
          frees: bytes(preview.freedBytes),
        })
        if (!yes) return show(preview, () => `${seen}\n\nNothing was deleted: --yes does it.`)
        const done = await forge.deleteVersions(refs, preview.token, reason)
        show(done, ({ id, purgeAfter }) => `${seen}\n\nDeleted; until ${time(purgeAfter)}: forge models undelete ${id}`)
      }),
    )

  listing(
    models.command('deletions').description('what was deleted, and until when it can be undone; newest first'),
    console,
    (forge, page) => forge.deletions(page),
    deletions =>
      table(deletions, {
        id: ({ id }) => id,
        status: ({ status }) => status,
        versions: ({ refs }) => refs.join(', '),
        until: ({ status, purgeAfter }) => (status === 'PENDING' ? time(purgeAfter) : '–'),
        reason: ({ reason }) => reason ?? '–',
      }),
  )

  models
    .command('undelete <deletion>')
    .description('show deleted versions again, as they were')
    .action(
      run(console, async ({ forge, show }, id: string) =>
        show(await forge.undoDeletion(id), ({ refs }) => `${refs.join(', ')} restored`),
      ),
    )

  models
    .command('purge <deletion>')
    .description('remove deleted versions for good, without waiting')
    .action(
      run(console, async ({ forge, show }, id: string) =>
        show(await forge.purgeDeletion(id), ({ status, refs }) => `${refs.join(', ')}: ${status}`),
      ),
    )

  models
    .command('tag <ref> <tags...>')
    .description('add tags to a version')
    .option('--remove', 'take these tags away')
    .action(
      run(console, async ({ forge, show }, ref: string, tags: string[], { remove }: { remove?: boolean }) =>
        show(await forge.updateVersion(remove ? { ref, removeTags: tags } : { ref, addTags: tags }), version =>
          fields({ version: version.ref, tags: version.tags.join(', ') || '–' }),
        ),
      ),
    )
}

const made = (by: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(by).map(([name, value]) => [name, text(value)]))

const text = (value: unknown): string => {
  if (value == null) return '–'
  if (typeof value === 'number') return String(Number(value.toPrecision(6)))
  return typeof value === 'string' ? value : JSON.stringify(value)
}
