import { DomainError, unavailable } from '../errors.ts'
import type { Keyring, Wrapped } from './keyring.ts'

export interface VaultSettings {
  readonly url: string
  readonly token: string
  /** Name of a key of the transit engine. */
  readonly key: string
}

/** How long Vault may take for one answer, in milliseconds. */
const limitMs = 5_000
/** Opened data keys that are kept, so that not every read asks Vault. */
const keptKeys = 1_000

/** Wraps by Vault's transit engine: the key-encryption key never leaves it, and rotates there. */
export async function vaultKeyring(settings: VaultSettings): Promise<Keyring> {
  const opened = new Map<string, Buffer>()
  const { latest_version: version } = await ask<{ latest_version: number }>(settings, 'GET', 'keys')
  return {
    newest: `vault:${settings.key}:v${version}`,
    async wrap(key) {
      const body = { plaintext: key.toString('base64') }
      const { ciphertext } = await ask<{ ciphertext: string }>(settings, 'POST', 'encrypt', body)
      return { kek: `vault:${settings.key}:${ciphertext.split(':')[1]}`, data: ciphertext }
    },
    async unwrap({ data }: Wrapped) {
      const known = opened.get(data)
      if (known) return known
      const { plaintext } = await ask<{ plaintext: string }>(settings, 'POST', 'decrypt', { ciphertext: data })
      const key = Buffer.from(plaintext, 'base64')
      if (opened.size >= keptKeys) opened.delete(opened.keys().next().value!)
      opened.set(data, key)
      return key
    },
  }
}

async function ask<Data>(
  { url, token, key }: VaultSettings,
  method: string,
  what: string,
  body?: object,
): Promise<Data> {
  const address = new URL(`/v1/transit/${what}/${encodeURIComponent(key)}`, url)
  const response = await fetch(address, {
    method,
    headers: { 'x-vault-token': token },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(limitMs),
  }).catch(error => {
    throw unavailable(`Vault at ${url} cannot be reached: stored artifacts stay closed until it can.`, error)
  })
  if (response.status >= 500 || response.status === 429) {
    throw unavailable(`Vault at ${url} answers HTTP ${response.status}: stored artifacts stay closed until it is well.`)
  }
  if (!response.ok) {
    const message = `Vault at ${url} answers HTTP ${response.status} for the transit key "${key}": check FORGE_VAULT_TOKEN and its policy.`
    throw new DomainError('INTERNAL', message)
  }
  return ((await response.json()) as { data: Data }).data
}
