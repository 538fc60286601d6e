import { Template } from '@huggingface/jinja'
import { z } from 'zod'
import { badTemplate } from '../errors.ts'

/** The text of a value; null where it is null, undefined where it is neither text nor messages. */
export type ValueTexts = (value: unknown) => string | null | undefined

const content = z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() })), z.null()])
const messages = z.array(z.looseObject({ role: z.string(), content: content.optional() })).min(1)

/** Chat templates by name, in Jinja as Hugging Face writes them. PLAIN is how chats of the forge's models read. */
const chatTemplates: Readonly<Record<string, string>> = {
  PLAIN:
    "{% for m in messages %}{{ (m['role'] | capitalize) + ': ' + m['content'] }}{% if not loop.last %}{{ '\\n\\n' }}{% endif %}{% endfor %}",
  CHATML:
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}{% endfor %}",
  LLAMA3:
    "{% for m in messages %}{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n' + (m['content'] | trim) + '<|eot_id|>' }}{% endfor %}",
}

/** Texts as they are, and messages by a template: the name of one, or Jinja. */
export function valueTexts(template: string): ValueTexts {
  const named = chatTemplates[template]
  const jinja = attempt(() => new Template(named ?? template))
  return value => {
    if (typeof value === 'string' || value === null) return value
    const parsed = messages.safeParse(value)
    if (!parsed.success) return undefined
    const plain = parsed.data.map(message => ({ ...message, content: textOf(message.content ?? null) }))
    return attempt(() => jinja.render({ messages: plain, bos_token: '', eos_token: '', add_generation_prompt: false }))
  }
}

const textOf = (given: z.output<typeof content>): string =>
  Array.isArray(given) ? given.map(part => part.text ?? '').join('') : (given ?? '')

/** What is at the path of names between dots; without one, what is named `text` or `messages`, or the text itself. */
export function chosenValue(value: unknown, field: string | null): unknown {
  if (field !== null) {
    return field.split('.').reduce<unknown>((inner, name) => ownValue(inner, name), value)
  }
  if (typeof value === 'string') return value
  const text = ownValue(value, 'text')
  return text === undefined ? ownValue(value, 'messages') : text
}

/** Of an object, as many as a message should name. */
export const namesOf = (value: unknown): readonly string[] =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value).slice(0, 20) : []

const ownValue = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined

function attempt<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw badTemplate(error as Error)
  }
}
