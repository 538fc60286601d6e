import 'reflect-metadata'
import { createPrivateKey } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

/**
 * `npm run dev-ca -- FOLDER [NAME …]`: an authority for development, and a certificate of every service (or of the NAMEs)
 * for its own name, localhost, 127.0.0.1 and ::1. Run again it keeps the authority and renews the certificates, which
 * running processes take up by themselves.
 */
const services = ['gateway', 'training', 'models', 'monitoring', 'realtime', 'orchestration', 'worker']
const day = 24 * 60 * 60 * 1_000
const days = { authority: 3_650, certificate: 365 }
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

interface Authority {
  readonly certificate: X509Certificate
  readonly key: CryptoKey
}

/** Writes `ca.pem`, `ca-key.pem`, and `NAME.pem` with `NAME-key.pem` of each name; keys are for their owner only. */
export async function makeDevelopmentAuthority(folder: string, names: readonly string[] = services): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const authority = (await keptAuthority(folder)) ?? (await newAuthority(folder))
  for (const name of names) await newCertificate(folder, name, authority)
}

async function newAuthority(folder: string): Promise<Authority> {
  const keys = await newKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Agent Forge development authority',
    keys,
    signingAlgorithm: algorithm,
    notAfter: inDays(days.authority),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  await write(folder, 'ca', certificate, keys.privateKey)
  return { certificate, key: keys.privateKey }
}

async function keptAuthority(folder: string): Promise<Authority | undefined> {
  try {
    const certificate = new X509Certificate(await readFile(join(folder, 'ca.pem'), 'utf8'))
    const der = createPrivateKey(await readFile(join(folder, 'ca-key.pem'))).export({ format: 'der', type: 'pkcs8' })
    const key = await crypto.subtle.importKey('pkcs8', new Uint8Array(der), algorithm, false, ['sign'])
    return { certificate, key }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
}

async function newCertificate(folder: string, name: string, { certificate, key }: Authority): Promise<void> {
  const keys = await newKeys()
  const made = await X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: certificate.subjectName,
    publicKey: keys.publicKey,
    signingKey: key,
    signingAlgorithm: algorithm,
    notAfter: inDays(days.certificate),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      // A process is a server to some of the others and a client to some.
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(certificate.publicKey),
      new SubjectAlternativeNameExtension([
        { type: 'dns', value: name },
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '::1' },
      ]),
    ],
  })
  await write(folder, name, made, keys.privateKey)
}

const newKeys = () => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
const inDays = (count: number) => new Date(Date.now() + count * day)

async function write(folder: string, name: string, certificate: X509Certificate, key: CryptoKey): Promise<void> {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', key))
  const pem = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' })
  await replace(join(folder, `${name}-key.pem`), pem, 0o600)
  await replace(join(folder, `${name}.pem`), `${certificate.toString('pem')}\n`, 0o644)
}

/** Whoever reads it while it is renewed gets the old or the new one. */
async function replace(path: string, content: string | Buffer, mode: number): Promise<void> {
  await writeFile(`${path}.new`, content, { mode })
  await rename(`${path}.new`, path)
}

if (import.meta.main) {
  const [folder, ...names] = process.argv.slice(2)
  if (folder) {
    await makeDevelopmentAuthority(folder, names.length > 0 ? names : services)
    console.log(`${folder} holds the authority and the certificates: see docs/gateway.md for the variables.`)
  } else {
    console.error('Say where: npm run dev-ca -- FOLDER [NAME …]')
    process.exitCode = 1
  }
}
