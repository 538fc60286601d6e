import type { BusEvent } from '../../../kernel/bus/bus.ts'
import { eventData } from '../../../schema/events.ts'
import type { KnownVersions } from './ports.ts'

export const versionTopics = [
  'version.registered',
  'version.deleted',
  'version.restored',
  'version.purged',
  'alias.moved',
] as const

/** Keeps up with what models has. */
export const handleVersion =
  (versions: KnownVersions) =>
  async ({ topic, project, data }: BusEvent): Promise<void> => {
    switch (topic) {
      case 'version.registered': {
        const {
          versionId: id,
          modelName,
          number,
          files = [],
          architecture = {},
        } = eventData('version.registered', data)
        return versions.add({ id, project, modelName, number, files, architecture })
      }
      case 'alias.moved': {
        const { modelName, alias, versionId } = eventData('alias.moved', data)
        return versions.moveAlias(project, modelName, alias, versionId)
      }
      case 'version.deleted':
        return versions.setDeleted(eventData('version.deleted', data).versionId, true)
      case 'version.restored':
        return versions.setDeleted(eventData('version.restored', data).versionId, false)
      case 'version.purged':
        return versions.remove(eventData('version.purged', data).versionId)
    }
  }
