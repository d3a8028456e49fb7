import { textOf, type Call, type Item, type Proofs, type Turn } from './wire-vendor-asked.ts'
import { isRecord, Node, Refusal } from './wire-vendor-check.ts'
import { parsedOr } from './wire-vendor-chat-asked.ts'
import { checkLength, openAiComplaints, readFile, readName, readPicture, refuse, spelt } from './wire-vendor-openai.ts'
import type { VendorRequest } from './wire-vendor-state.ts'

export interface Input {
  readonly system: readonly string[]
  readonly turns: readonly Turn[]
  readonly proofs: Proofs
}

/** The items of a request, with those of the stored response that it continues. */
export function readInput(body: Node, request: VendorRequest): Input {
  const input = body.at('input')
  if (!input.isThere && !body.at('prompt').isThere)
    throw refuse("Missing required parameter: 'input'.", ['input'], 'missing_required_parameter')
  const items: readonly Node[] =
    typeof input.value === 'string'
      ? [new Node({ role: 'user', content: input.value }, ['input', 0], openAiComplaints)]
      : input.list()
  const earlier = continued(body.at('previous_response_id'), request)
  const reader = new InputReader(request)
  for (const item of [...earlier, ...items]) reader.read(item)
  return reader.done()
}

function continued(node: Node, { memory }: VendorRequest): readonly Node[] {
  const id = node.textIfThere()
  if (id === undefined) return []
  const stored = memory.stored(id)
  if (stored === undefined)
    throw new Refusal(`Previous response with id '${id}' not found.`, {
      status: 400,
      field: 'previous_response_id',
      code: 'previous_response_not_found',
    })
  return [...stored.input, ...stored.output].map((item, index) => new Node(item, ['input', index], openAiComplaints))
}

/** What was on the wire, item by item, becomes turns. */
class InputReader {
  readonly #request: VendorRequest
  readonly #system: string[] = []
  readonly #turns: Turn[] = []
  /** A reasoning item that still waits for the item that it belongs to. */
  #reasoning: string | undefined
  #returned = 0

  constructor(request: VendorRequest) {
    this.#request = request
  }

  read(given: Node): void {
    const node = this.#resolved(given)
    const type = node.at('type').isThere ? node.at('type').text() : 'message'
    if (type === 'reasoning') return this.#readReasoning(node)
    const role = type === 'message' ? node.at('role').oneOf(ROLES) : 'assistant'
    if (this.#reasoning !== undefined && (role !== 'assistant' || type.endsWith('_output')))
      throw lonely(this.#reasoning)
    this.#reasoning = undefined
    switch (type) {
      case 'message':
        return this.#readMessage(node, role)
      case 'function_call':
        return this.#readCall(node)
      case 'custom_tool_call':
        return this.#addCall({
          id: node.at('call_id').text(),
          name: node.at('name').text(),
          input: node.at('input').text(),
        })
      case 'function_call_output':
      case 'custom_tool_call_output':
        return this.#readResult(node)
    }
    if (!OTHER_ITEMS.test(type)) throw openAiComplaints.wrongValue(node.at('type').path, type, ITEMS)
  }

  done(): Input {
    if (this.#reasoning !== undefined) throw lonely(this.#reasoning)
    checkPairs(this.#turns)
    return { system: this.#system, turns: this.#turns, proofs: { returned: this.#returned, standIns: 0 } }
  }

  /** An item may be named instead of said, where the vendor has stored it. */
  #resolved(node: Node): Node {
    if (node.at('type').value !== 'item_reference') return node
    const id = node.object(['type', 'id']).at('id').text()
    const stored = this.#request.memory.storedItem(id)
    if (stored === undefined) throw notFound(id)
    return new Node(stored, node.path, openAiComplaints)
  }

  #readReasoning(node: Node): void {
    node.object(['type', 'id', 'summary', 'content', 'encrypted_content', 'status'])
    const id = readId(node.at('id'), 'rs') ?? ''
    for (const part of node.at('summary').list()) part.object(['type', 'text']).at('type').oneOf(['summary_text'])
    const encrypted = node.at('encrypted_content').textIfThere()
    if (encrypted === undefined) {
      if (this.#request.memory.storedItem(id) === undefined) throw notFound(id)
    } else {
      const issued = this.#request.memory.issued(encrypted)
      if (issued?.account !== this.#request.credential)
        throw new Refusal(
          `The encrypted content ${encrypted.slice(0, 8)}... could not be verified. Reason: Encrypted content could not be decrypted or parsed.`,
          { code: 'invalid_encrypted_content' },
        )
    }
    this.#returned++
    this.#reasoning = id
  }

  #readMessage(node: Node, role: (typeof ROLES)[number]): void {
    node.object(['type', 'role', 'content', 'id', 'status', 'phase'])
    if (role === 'assistant') {
      readId(node.at('id'), 'msg')
      const text = textOf(readParts(node.at('content'), ['output_text', 'refusal']))
      this.#turns.push({ by: 'assistant', text, calls: [] })
      return
    }
    const items = readParts(node.at('content'), ['input_text', 'input_image', 'input_file', 'input_audio'])
    if (role === 'user') this.#turns.push({ by: 'user', items })
    else this.#system.push(textOf(items))
  }

  #readCall(node: Node): void {
    node.object(['type', 'id', 'call_id', 'name', 'arguments', 'status', 'namespace', 'caller'])
    readId(node.at('id'), 'fc')
    checkLength(node.at('call_id'), 64)
    this.#addCall({
      id: node.at('call_id').text(),
      name: readName(node.at('name')),
      input: parsedOr(node.at('arguments').text()),
    })
  }

  #addCall(call: Call): void {
    const last = this.#turns.at(-1)
    if (last?.by === 'assistant') this.#turns.splice(-1, 1, { ...last, calls: [...last.calls, call] })
    else this.#turns.push({ by: 'assistant', text: '', calls: [call] })
  }

  #readResult(node: Node): void {
    node.object(['type', 'id', 'call_id', 'output', 'status', 'caller'])
    checkLength(node.at('call_id'), 64)
    const callId = node.at('call_id').text()
    const call = this.#turns
      .flatMap((turn) => (turn.by === 'assistant' ? turn.calls : []))
      .find(({ id }) => id === callId)
    const items = readParts(node.at('output'), ['input_text', 'input_image', 'input_file'])
    const result = { callId, name: call?.name ?? '', items, isError: false }
    const last = this.#turns.at(-1)
    if (last?.by === 'tools') this.#turns.splice(-1, 1, { by: 'tools', results: [...last.results, result] })
    else this.#turns.push({ by: 'tools', results: [result] })
  }
}

const ROLES = ['assistant', 'system', 'developer', 'user'] as const
const ITEMS = [
  'message',
  'reasoning',
  'function_call',
  'function_call_output',
  'custom_tool_call',
  'custom_tool_call_output',
]
const OTHER_ITEMS =
  /^(web_search_call|file_search_call|code_interpreter_call|computer_call|image_generation_call|mcp_|shell_|local_shell_|apply_patch_|compaction|tool_search_)/

const lonely = (id: string): Refusal =>
  new Refusal(`Item '${id}' of type 'reasoning' was provided without its required following item.`, { field: 'input' })

const notFound = (id: string): Refusal =>
  new Refusal(
    `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`,
    { status: 404, field: 'input' },
  )

/** Ids that are sent have the prefix of their kind. */
function readId(node: Node, prefix: string): string | undefined {
  const id = node.textIfThere()
  if (id !== undefined && !id.startsWith(`${prefix}_`))
    throw refuse(
      `Invalid '${spelt(node.path)}': '${id}'. Expected an ID that begins with '${prefix}'.`,
      node.path,
      'invalid_value',
    )
  return id
}

function readParts(node: Node, allowed: readonly string[]): readonly Item[] {
  if (typeof node.value === 'string') return [{ kind: 'text', text: node.value }]
  return node.list().map((part): Item => {
    const type = part.at('type').oneOf(allowed)
    switch (type) {
      case 'input_image':
        part.object(['type', 'image_url', 'detail', 'file_id', 'prompt_cache_breakpoint'])
        if (part.at('detail').isThere) part.at('detail').oneOf(['auto', 'low', 'high', 'original'])
        return readPicture(part.at('image_url'))
      case 'input_file':
        part.object(['type', 'file_data', 'file_url', 'file_id', 'filename', 'prompt_cache_breakpoint', 'detail'])
        return part.at('file_url').isThere
          ? { kind: 'link', url: part.at('file_url').text() }
          : readFile(part.at('file_data'))
      case 'refusal':
        return { kind: 'text', text: part.object(['type', 'refusal']).at('refusal').text() }
    }
    part.object([
      'type',
      'text',
      ...(type === 'output_text' ? ['annotations', 'logprobs'] : ['prompt_cache_breakpoint']),
    ])
    return { kind: 'text', text: part.at('text').text() }
  })
}

/** What a request asked to be kept, as it would be said again. */
export function inputOf(body: unknown): readonly unknown[] {
  const input: unknown = isRecord(body) ? body['input'] : undefined
  return Array.isArray(input) ? input : [{ role: 'user', content: input }]
}

/** Calls and results must be pairs; throws for the first that is alone. */
function checkPairs(turns: readonly Turn[]): void {
  const open = new Map<string, Call>()
  for (const turn of turns) {
    if (turn.by === 'assistant') for (const call of turn.calls) open.set(call.id, call)
    if (turn.by !== 'tools') continue
    for (const { callId } of turn.results) {
      if (!open.delete(callId))
        throw new Refusal(`No tool call found for function call output with call_id ${callId}.`, { field: 'input' })
    }
  }
  const alone = [...open.keys()][0]
  if (alone !== undefined) throw new Refusal(`No tool output found for function call ${alone}.`, { field: 'input' })
}
