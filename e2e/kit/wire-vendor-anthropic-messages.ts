import { textOf, type Call, type Item, type Proofs, type Result, type Turn } from './wire-vendor-asked.ts'
import { anthropicComplaints, complain, type Thinking } from './wire-vendor-anthropic.ts'
import { base64Bytes, isRecord, Node, pictureType, Refusal } from './wire-vendor-check.ts'
import type { AnthropicRules } from './wire-vendor-models.ts'
import { fingerprint, type VendorRequest } from './wire-vendor-state.ts'

export interface Said {
  readonly system: readonly string[]
  readonly turns: readonly Turn[]
  readonly proofs: Proofs
}

export interface Reading {
  readonly request: VendorRequest
  readonly rules: AnthropicRules
  readonly version: string
  readonly thinking: Thinking
}

/** Reads the messages. Those of one role in a row count as one. */
export function readMessages(body: Node, reading: Reading): Said {
  const messages = merged(body.at('messages').list())
  if (messages.length === 0) throw complain(['messages'], 'at least one message is required')
  const first = messages[0]
  if (first?.role === 'assistant')
    throw new Refusal('messages: first message must use the "user" role', { field: 'messages.0.role' })
  checkEnd(messages, reading)
  const reader = new MessageReader(body, messages, reading)
  for (const [index, message] of messages.entries()) reader.read(message, index)
  return reader.done()
}

/** What thinking is bound to: the system text, the tools, and everything that was said before, without cache marks. */
export function prefixOf(body: Node, messages: readonly Message[], blocksOfLast: readonly unknown[] = []): string {
  const system = body.at('system').value
  const tools = body
    .at('tools')
    .listIfThere()
    .map(({ value }) => value)
  return fingerprint(
    withoutMarks({
      system: typeof system === 'string' ? [{ type: 'text', text: system }] : (system ?? []),
      tools: tools.toSorted((one, other) => (fingerprint(one) < fingerprint(other) ? -1 : 1)),
      messages: messages.map(({ role, blocks }) => ({ role, blocks: blocks.map(({ value }) => value) })),
      blocksOfLast,
    }),
  )
}

function withoutMarks(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(withoutMarks)
  if (!isRecord(json)) return json
  return Object.fromEntries(
    Object.entries(json).flatMap(([name, value]) => (name === 'cache_control' ? [] : [[name, withoutMarks(value)]])),
  )
}

export interface Message {
  readonly role: 'user' | 'assistant' | 'system'
  readonly blocks: readonly Node[]
}

export function merged(messages: readonly Node[]): readonly Message[] {
  const list: Message[] = []
  for (const message of messages) {
    message.object(['role', 'content', 'clear_at', 'output_config'])
    const role = message.at('role').oneOf(['user', 'assistant', 'system'])
    const blocks = blocksOf(message.at('content'))
    const last = list.at(-1)
    if (last?.role === role) list.splice(-1, 1, { role, blocks: [...last.blocks, ...blocks] })
    else list.push({ role, blocks })
  }
  return list
}

function blocksOf(content: Node): readonly Node[] {
  if (typeof content.value !== 'string') return content.list()
  return [new Node({ type: 'text', text: content.value }, [...content.path, 0], anthropicComplaints)]
}

function checkEnd(messages: readonly Message[], { rules }: Reading): void {
  const last = messages.at(-1)
  if (last?.role === 'assistant' && !rules.prefill)
    throw new Refusal(
      'This model does not support assistant message prefill. The conversation must end with a user message.',
      { field: 'messages' },
    )
  const text = last?.role === 'assistant' ? last.blocks.at(-1)?.at('text').textIfThere() : undefined
  if (text !== undefined && text !== text.trimEnd())
    throw new Refusal('messages: final assistant content cannot end with trailing whitespace', { field: 'messages' })
  if (messages.some(({ blocks }) => blocks.length === 0))
    throw new Refusal(
      'messages: all messages must have non-empty content except for the optional final assistant message',
      { field: 'messages' },
    )
}

class MessageReader {
  readonly #body: Node
  readonly #messages: readonly Message[]
  readonly #reading: Reading
  readonly #system: string[] = []
  readonly #turns: Turn[] = []
  readonly #calls: Call[] = []
  #open: readonly Call[] = []
  #returned = 0

  constructor(body: Node, messages: readonly Message[], reading: Reading) {
    this.#body = body
    this.#messages = messages
    this.#reading = reading
  }

  read(message: Message, index: number): void {
    switch (message.role) {
      case 'assistant':
        return this.#readAssistant(message, index)
      case 'user':
        return this.#readUser(message, index)
      case 'system':
        if (!this.#reading.rules.laterSystem) throw new Refusal("role 'system' is not supported on this model")
        this.#system.push(textOf(message.blocks.map((block) => readText(block))))
    }
  }

  done(): Said {
    if (this.#open.length > 0) throw unanswered(this.#open, this.#messages.length)
    return { system: this.#system, turns: this.#turns, proofs: { returned: this.#returned, standIns: 0 } }
  }

  #readUser({ blocks }: Message, index: number): void {
    const results = this.#readResults(blocks, index)
    const items = blocks.slice(results.length).map((block) => this.#readItem(block))
    if (results.length > 0) this.#turns.push({ by: 'tools', results })
    if (items.length > 0) this.#turns.push({ by: 'user', items })
  }

  /** The results of the message before, all of them, and before anything else. */
  #readResults(blocks: readonly Node[], index: number): readonly Result[] {
    const known = new Map(this.#open.map((call) => [call.id, call]))
    const leading = blocks.findIndex((block) => block.at('type').value !== 'tool_result')
    const results = blocks.slice(0, leading < 0 ? blocks.length : leading).map((block): Result => {
      block.object(['type', 'tool_use_id', 'content', 'is_error', 'cache_control'])
      const callId = block.at('tool_use_id').text()
      const call = known.get(callId)
      if (call === undefined)
        throw complain(
          block.path,
          `unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${callId}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
        )
      known.delete(callId)
      return {
        callId,
        name: call.name,
        items: this.#readResultContent(block.at('content')),
        isError: block.at('is_error').flag(),
      }
    })
    if (known.size > 0) throw unanswered([...known.values()], index)
    this.#open = []
    return results
  }

  #readResultContent(content: Node): readonly Item[] {
    if (!content.isThere) return []
    if (typeof content.value === 'string') return [{ kind: 'text', text: content.value }]
    return content.list().map((block) => {
      const type = block.at('type').oneOf(['text', 'image', 'document', 'search_result', 'tool_reference'])
      if (type === 'search_result' || type === 'tool_reference') return { kind: 'text', text: type }
      return this.#readItem(block)
    })
  }

  #readItem(block: Node): Item {
    switch (block.at('type').oneOf(['text', 'image', 'document', 'search_result', 'tool_result', 'container_upload'])) {
      case 'text':
        if (this.#reading.version === '2026-10-21' && block.at('citations').listIfThere().length > 0)
          throw complain([...block.path, 'citations'], 'citations are not permitted on user text blocks')
        return readText(block)
      case 'image':
        return readSource(block.object(['type', 'source', 'cache_control']).at('source'), IMAGE_TYPES)
      case 'document':
        block.object(['type', 'source', 'title', 'context', 'citations', 'cache_control'])
        return readSource(block.at('source'), ['application/pdf'])
      case 'tool_result':
        throw complain(
          block.path,
          `unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${block.at('tool_use_id').text()}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
        )
      case 'search_result':
      case 'container_upload':
        return { kind: 'text', text: block.at('type').text() }
    }
  }

  #readAssistant({ blocks }: Message, index: number): void {
    if (this.#open.length > 0) throw unanswered(this.#open, index)
    const calls: Call[] = []
    const texts: string[] = []
    for (const [at, block] of blocks.entries()) {
      switch (block.at('type').oneOf(ASSISTANT_BLOCKS)) {
        case 'text':
          texts.push(textOf([readText(block)]))
          break
        case 'tool_use':
          calls.push(this.#readCall(block))
          break
        case 'thinking':
          this.#readThinking(block, index, at)
          break
        case 'document':
          if (this.#reading.version === '2026-10-21')
            throw complain(block.path, 'document blocks are not permitted in assistant messages')
          break
        case 'redacted_thinking':
          block.object(['type', 'data']).at('data').text()
          break
        case 'server_tool_use':
          break
      }
    }
    if (blocks.at(-1)?.at('type').value === 'thinking')
      throw new Refusal(`messages.${index}: The final block in an assistant message cannot be \`thinking\`.`)
    this.#checkBeginning(blocks, index, calls)
    this.#open = calls
    this.#turns.push({ by: 'assistant', text: texts.join('\n'), calls })
  }

  /** Within a fixed budget, the turn that calls tools must begin with its thinking. */
  #checkBeginning(blocks: readonly Node[], index: number, calls: readonly Call[]): void {
    const isLast = !this.#messages.slice(index + 1).some(({ role }) => role === 'assistant')
    const type = String(blocks[0]?.at('type').value)
    if (!this.#reading.thinking.fixed || !isLast || calls.length === 0 || type.endsWith('thinking')) return
    throw complain(
      [...(blocks[0]?.path ?? []), 'type'],
      `Expected \`thinking\` or \`redacted_thinking\`, but found \`${type}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceeding the lastmost set of \`tool_use\` and \`tool_result\` blocks).`,
    )
  }

  #readCall(block: Node): Call {
    block.object(['type', 'id', 'name', 'input', 'cache_control', 'caller'])
    const id = block.at('id').text()
    if (!/^[a-zA-Z0-9_-]+$/.test(id))
      throw complain([...block.path, 'tool_use', 'id'], "String should match pattern '^[a-zA-Z0-9_-]+$'")
    if (this.#calls.some((call) => call.id === id))
      throw new Refusal('messages: `tool_use` ids must be unique', { field: block.path.join('.') })
    const name = block.at('name').text()
    if (!/^[a-zA-Z0-9_-]{1,200}$/.test(name))
      throw complain([...block.path, 'tool_use', 'name'], "String should match pattern '^[a-zA-Z0-9_-]{1,200}$'")
    const call = { id, name, input: block.at('input').record() }
    this.#calls.push(call)
    return call
  }

  #readThinking(block: Node, index: number, at: number): void {
    block.object(['type', 'thinking', 'signature', 'cache_control'])
    const text = block.at('thinking').text()
    const signature = block.at('signature').text()
    const { memory, credential } = this.#reading.request
    const issued = memory.issued(signature)
    if (issued === undefined || issued.text !== text)
      throw complain(block.path, 'Invalid `signature` in `thinking` block')
    if (issued.account !== credential) {
      if (this.#reading.rules.accountBound) throw complain(block.path, 'The block was issued to a different account')
      return
    }
    const before = this.#messages[index]?.blocks.slice(0, at).map(({ value }) => value) ?? []
    if (issued.prefix !== '' && issued.prefix !== prefixOf(this.#body, this.#messages.slice(0, index), before))
      throw complain(block.path, 'The block is bound to a different conversation')
    this.#returned++
  }
}

const ASSISTANT_BLOCKS = ['text', 'tool_use', 'thinking', 'redacted_thinking', 'document', 'server_tool_use'] as const
const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'] as const

const unanswered = (calls: readonly Call[], index: number): Refusal =>
  new Refusal(
    `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${calls.map(({ id }) => id).join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
    { field: `messages.${index}` },
  )

function readText(block: Node): Item {
  block.object(['type', 'text', 'cache_control', 'citations'])
  block.at('type').oneOf(['text'])
  const text = block.at('text').text()
  if (text === '') throw new Refusal('messages: text content blocks must be non-empty', { field: block.path.join('.') })
  if (text.trim() === '')
    throw new Refusal('messages: text content blocks must contain non-whitespace text', { field: block.path.join('.') })
  return { kind: 'text', text }
}

function readSource(source: Node, mediaTypes: readonly string[]): Item {
  switch (source.at('type').oneOf(['base64', 'url', 'file', 'text', 'content'])) {
    case 'url':
      return { kind: 'link', url: source.object(['type', 'url']).at('url').text() }
    case 'file':
      return { kind: 'link', url: source.object(['type', 'file_id']).at('file_id').text() }
    case 'text':
      source.object(['type', 'media_type', 'data']).at('media_type').oneOf(['text/plain'])
      return { kind: 'file', mediaType: 'text/plain', bytes: Buffer.byteLength(source.at('data').text()) }
    case 'content':
      return { kind: 'text', text: 'content' }
    case 'base64':
      return readBase64(source.object(['type', 'media_type', 'data']), mediaTypes)
  }
}

function readBase64(source: Node, mediaTypes: readonly string[]): Item {
  const mediaType = source.at('media_type').oneOf(mediaTypes)
  const bytes = base64Bytes(source.at('data').text())
  if (bytes === undefined || bytes.length === 0)
    throw complain([...source.path, 'base64', 'data'], 'Input should be a valid base64 string')
  const found = pictureType(bytes)
  if (mediaType.startsWith('image/') && found !== mediaType)
    throw complain(
      source.path,
      found === undefined ? 'Could not process image' : `Image does not match the provided media type ${mediaType}`,
    )
  return { kind: 'file', mediaType, bytes: bytes.length }
}
