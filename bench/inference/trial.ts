import type { GgufType } from '../../engine/formats/gguf.ts'
import type { PresetName } from '../../engine/models/presets.ts'

/** What one contender's process is told. */
export interface Contender {
  readonly program: 'forge' | 'llama.cpp'
  readonly preset: PresetName
  /** How llama.cpp's file stores the numbers. */
  readonly type: GgufType
  readonly threads: number
  /** Texts that are read at once, at most. */
  readonly texts: number
}

/** One round of it: so many texts at once, each of so many tokens after a prompt. */
export interface Round {
  readonly texts: number
  readonly prompt: number
  readonly tokens: number
}

export interface RoundTimes {
  /** Of the texts, the one in the middle. */
  readonly firstTokenMs: number
  /** All tokens of all texts by the time from the first prompt to the last token. */
  readonly tokensPerSecond: number
}
