import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Env } from '../env.ts'
import { invalidInput } from '../errors.ts'
import type { Blobs } from './blobs.ts'
import { contentStore } from './content.ts'
import { type Encryption, encryptionWith } from './encryption.ts'
import { openFolder } from './files.ts'
import { localKeyring } from './keyring.ts'
import type { Objects } from './objects.ts'
import type { S3Settings } from './s3.ts'
import { type VaultSettings, vaultKeyring } from './vault.ts'

/** Where blobs are and what encrypts them; plain data, so that a child process can be told. */
export interface BlobSettings {
  /** Used where there is no bucket. */
  readonly folder: string
  readonly s3?: S3Settings
  readonly keys?: string
  readonly keyFile?: string
  readonly vault?: VaultSettings
}

export async function openBlobs(settings: BlobSettings): Promise<Blobs> {
  const { objects, encryption } = await openStore(settings)
  return contentStore(objects, encryption)
}

/** Wraps the keys of all encrypted blobs with the newest key-encryption key; gives how many there were to wrap. */
export async function rotateKeys(settings: BlobSettings): Promise<number> {
  const { objects, encryption } = await openStore(settings)
  if (!encryption)
    throw invalidInput('Nothing is encrypted: set FORGE_BLOB_KEYS, FORGE_BLOB_KEY_FILE or FORGE_VAULT_URL.')
  return encryption.rotate(objects)
}

async function openStore(settings: BlobSettings): Promise<{ objects: Objects; encryption?: Encryption }> {
  const { folder, s3, keys, keyFile, vault } = settings
  // Read only where it is used: the SDK takes a good part of a second, in every child process.
  const objects = s3 ? (await import('./s3.ts')).openBucket(s3) : await openFolder(folder)
  if (vault) return { objects, encryption: encryptionWith(await vaultKeyring(vault)) }
  if (keys) return { objects, encryption: encryptionWith(localKeyring(keys, 'The variable FORGE_BLOB_KEYS')) }
  if (!keyFile) return { objects }
  const text = await readFile(keyFile, 'utf8').catch(error => {
    throw invalidInput(`The file ${keyFile} of FORGE_BLOB_KEY_FILE cannot be read: ${error.message}.`)
  })
  return { objects, encryption: encryptionWith(localKeyring(text, `The file ${keyFile}`)) }
}

export function blobSettings(env: Env): BlobSettings {
  const { FORGE_S3_BUCKET: bucket, FORGE_S3_KEY_ID: accessKeyId, FORGE_S3_SECRET: secretAccessKey } = env
  const { FORGE_VAULT_URL: url, FORGE_VAULT_TOKEN: token, FORGE_VAULT_KEY: key } = env
  if (url && !token) throw invalidInput('FORGE_VAULT_URL is set and FORGE_VAULT_TOKEN is not: set both.')
  return {
    folder: env.FORGE_BLOBS ?? join(env.FORGE_DATA, 'blobs'),
    keys: env.FORGE_BLOB_KEYS,
    keyFile: env.FORGE_BLOB_KEY_FILE,
    ...(url && token && { vault: { url, token, key } }),
    ...(bucket && {
      s3: {
        bucket,
        prefix: env.FORGE_S3_PREFIX,
        region: env.FORGE_S3_REGION,
        endpoint: env.FORGE_S3_ENDPOINT,
        ...(accessKeyId && secretAccessKey && { credentials: { accessKeyId, secretAccessKey } }),
      },
    }),
  }
}
