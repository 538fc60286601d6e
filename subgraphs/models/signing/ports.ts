/** A text and its Ed25519 signature. */
export interface Seal {
  /** As it was signed. */
  readonly manifest: string
  /** base64url. */
  readonly signature: string
  /** Names the key: the RFC 7638 thumbprint of its public half. */
  readonly keyId: string
}

export interface VersionSigner {
  readonly keyId: string
  /** PEM. */
  readonly publicKey: string
  seal(text: string): Seal
}
