import { builder, ModelVersionRef } from '../builder.ts'
import type { Seal } from './ports.ts'

const SealRef = builder.objectRef<Seal>('VersionSeal').implement({
  description: 'Who made a version from what, signed with Ed25519.',
  fields: t => ({
    manifest: t.exposeString('manifest', { description: 'JSON, exactly as it was signed.' }),
    signature: t.exposeString('signature', { description: 'Over the UTF-8 bytes of `manifest`, in base64url.' }),
    keyId: t.exposeString('keyId', { description: 'RFC 7638 thumbprint of the key.' }),
  }),
})

builder.objectField(ModelVersionRef, 'seal', t =>
  t.field({
    type: SealRef,
    nullable: true,
    description: 'Null for versions from before versions were signed.',
    resolve: ({ manifest, signature, keyId }) =>
      manifest && signature && keyId ? { manifest, signature, keyId } : null,
  }),
)

builder.queryField('modelSigningKey', t =>
  t.string({
    nullable: true,
    authScopes: { scope: 'models:read' },
    description:
      'Public half (PEM) of the key that this forge signs versions with. Keep a copy: it is what a check trusts.',
    resolve: (_, __, { signer }) => signer.publicKey,
  }),
)
