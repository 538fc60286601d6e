import { blobSettings, rotateKeys } from '../kernel/blobs/open.ts'
import { readEnv } from '../kernel/env.ts'
import { DomainError } from '../kernel/errors.ts'

/** `npm run rotate-keys`: wraps the keys of stored artifacts with the newest key; the artifacts stay as they are. */
try {
  console.log(`${await rotateKeys(blobSettings(readEnv()))} keys wrapped anew`)
} catch (error) {
  if (!(error instanceof DomainError)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 1
}
