import { asList, asObject, asText, type Json } from '../../core/json.ts'
import { isAbsent, readList, readObject, readText, readWord } from './fields.ts'
import { badField } from './refusal.ts'

const ROLES = ['developer', 'system', 'user', 'assistant', 'tool'] as const
const MESSAGES_MAX = 2_048

/** One turn of a conversation, as far as the demo vendor looks at it. */
export interface Message {
  readonly role: (typeof ROLES)[number]
  /** Its text parts, put together. */
  readonly text: string
  readonly images: number
  /** The name of the tool that this message answers. */
  readonly answers: string | null
}

/** The conversation. An answer of a tool must follow a call with its id, as at OpenAI. */
export function readMessages(value: Json | undefined): readonly Message[] {
  const calls = new Map<string, string>()
  return readList(value, 'messages', { min: 1, max: MESSAGES_MAX }).map((one, index) => {
    const param = `messages[${index}]`
    const message = readObject(one, param)
    const role = readWord(message['role'], `${param}.role`, ROLES)
    if (role === undefined) throw badField(`${param}.role`, `'${param}.role' is missing`)
    for (const call of asList(message['tool_calls']) ?? []) noteCall(call, calls)
    const content = readContent(message['content'], `${param}.content`, role)
    return { role, ...content, answers: role === 'tool' ? calledBy(message['tool_call_id'], calls, param) : null }
  })
}

function noteCall(value: Json, calls: Map<string, string>): void {
  const call = asObject(value)
  const id = asText(call?.['id'])
  const name = asText((asObject(call?.['function']) ?? asObject(call?.['custom']))?.['name'])
  if (id !== undefined && name !== undefined) calls.set(id, name)
}

function calledBy(id: Json | undefined, calls: ReadonlyMap<string, string>, param: string): string {
  const name = calls.get(readText(id, `${param}.tool_call_id`))
  if (name !== undefined) return name
  throw badField(`${param}.role`, "a message with role 'tool' must answer a preceding message with 'tool_calls'")
}

function readContent(value: Json | undefined, param: string, role: Message['role']): Pick<Message, 'text' | 'images'> {
  if (typeof value === 'string') return { text: value, images: 0 }
  if (isAbsent(value)) {
    if (role === 'assistant') return { text: '', images: 0 }
    throw badField(param, `'${param}' is missing`)
  }
  const parts = readList(value, param, { min: 1, max: 1_024 }).map((part, index) =>
    readPart(part, `${param}[${index}]`),
  )
  return { text: parts.map((part) => part.text).join(''), images: parts.filter((part) => part.image).length }
}

function readPart(value: Json, param: string): { readonly text: string; readonly image: boolean } {
  const part = readObject(value, param)
  switch (readText(part['type'], `${param}.type`)) {
    case 'text':
      return { text: readText(part['text'], `${param}.text`), image: false }
    case 'refusal':
      return { text: readText(part['refusal'], `${param}.refusal`), image: false }
    case 'image_url': {
      const image = readObject(part['image_url'], `${param}.image_url`)
      readText(image['url'], `${param}.image_url.url`)
      return { text: '', image: true }
    }
    default:
      throw badField(`${param}.type`, `'${param}.type' must be text, image_url or refusal`)
  }
}
