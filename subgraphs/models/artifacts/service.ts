import { type Identity, mayAccess } from '../../../kernel/auth/identity.ts'
import type { Artifact } from './artifact.ts'
import { bytesNotFound, fileNotFound, mayNotRead, versionNotFound } from './errors.ts'
import type { ArtifactParts } from './ports.ts'

/** A file of a version, for whoever may see it already. Throws NOT_FOUND for what is not there. */
export async function linkedArtifact(parts: ArtifactParts, versionId: string, path: string): Promise<Artifact> {
  const [version] = await parts.versions.byId([versionId])
  if (!version) throw versionNotFound(versionId)
  return fileOf(parts, versionId, path)
}

/**
 * A file of a version. Throws FORBIDDEN without the scope, NOT_FOUND for what is not there; what another project owns is
 * not there either.
 */
export async function findArtifact(
  parts: ArtifactParts,
  identity: Identity,
  versionId: string,
  path: string,
): Promise<Artifact> {
  if (!identity.scopes.includes('models:read')) throw mayNotRead(identity.principal)
  const [version] = await parts.versions.byId([versionId])
  if (!version || !mayAccess(identity, version.project)) throw versionNotFound(versionId)
  return fileOf(parts, versionId, path)
}

async function fileOf({ versions, blobs }: ArtifactParts, versionId: string, path: string): Promise<Artifact> {
  const files = await versions.files([versionId])
  const file = files.find(file => file.path === path)
  if (!file) {
    throw fileNotFound(
      versionId,
      path,
      files.map(({ path }) => path),
    )
  }
  const blob = await blobs.find(file.digest)
  if (!blob) throw bytesNotFound(versionId, path, file.digest)
  return { ...blob, versionId, path }
}
