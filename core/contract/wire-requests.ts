import { describe, expect, test } from 'vitest'
import type { Block, Chat, Own, Tool, Turn, WireId } from '../chat.ts'
import { asList, asObject, type Json, type JsonObject } from '../json.ts'
import { FEATURES, type Feature, type Loss } from '../loss.ts'
import { PROOF_MARK, PROOF_MARK_BASE64 } from '../proof.ts'
import type { AskedOf, Dialect, RequestTarget, Wire } from '../wire.ts'
import { asJson, canonical } from './canonical.ts'
import { asking, assistant, text, user, weather } from './chat-parts.ts'
import { FEATURE_CASES, saturated } from './features.ts'
import { TARGET, type WireSamples } from './wire.ts'

/** Laws of reading and writing a request. */
export function requestLaws(wire: Wire, { feature: at, requests }: WireSamples): void {
  const write = (chat: Chat, dialect: Dialect = {}) => wire.request.write(chat, { ...TARGET, dialect })
  const back = (chat: Chat, dialect: Dialect = {}) => wire.request.read(write(chat, dialect).body, askedOf(chat))

  test('every feature stands either in what it says or in what it cannot', () => {
    const [says, cannot] = [Object.keys(wire.says), Object.keys(wire.cannot)]
    expect([...says, ...cannot].toSorted()).toEqual([...FEATURES].toSorted())
    for (const why of Object.values(wire.cannot)) expect(why.why).not.toBe('')
    for (const path of Object.values(wire.says)) expect(path).not.toBe('')
  })

  // A proof in our wrapping is another vendor's, and a tool's name may be one that only nodes take: at home neither is written.
  const isWrapped = (body: JsonObject) =>
    [PROOF_MARK, PROOF_MARK_BASE64].some((mark) => JSON.stringify(body).includes(mark))
  const homely = requests.filter(({ body }) => !isWrapped(body) && home(wire, body).undo.toolNames.size === 0)

  describe('at home nothing is lost', () => {
    test.each(homely)('$name', ({ body }) => {
      const written = home(wire, body)
      expect(canonical(written.body)).toBe(canonical(body))
      expect(written.losses).toEqual([])
    })

    test.each(homely)('fields of next year included: $name', ({ body }) => {
      const strange = withStrangeFields(body)
      const written = home(wire, strange)
      expect(canonical(written.body)).toBe(canonical(strange))
      expect(written.losses).toEqual([])
    })
  })

  describe.each(FEATURES)('%s', (feature) => {
    const { chat, shown } = FEATURE_CASES[feature]
    const asked = chat(at)
    const seen = (chat: Chat) => canonical(withoutOwn(asJson(shown(chat))))
    const lost = (losses: readonly Loss[]) => losses.find(({ field }) => field === feature)

    if (wire.says[feature] !== undefined) {
      test('is said: it survives writing and reading, without a word of loss', () => {
        const told = DIALECTS.map((dialect) => ({
          shown: seen(back(asked, dialect)),
          loss: lost(write(asked, dialect).losses) ?? null,
        }))
        expect(told).toContainEqual({ shown: seen(asked), loss: null })
      })
    }

    const inability = wire.cannot[feature]
    if (inability !== undefined) {
      test('cannot be said, and that is reported', () => {
        for (const dialect of DIALECTS) {
          expect(lost(write(asked, dialect).losses)).toMatchObject({ field: feature, what: inability.what })
        }
      })
    }

    test('is never lost in silence, whatever the vendor is like', () => {
      for (const dialect of DIALECTS) {
        const survived = seen(back(asked, dialect)) === seen(asked)
        expect({ dialect, survived, loss: lost(write(asked, dialect).losses) }).not.toMatchObject({
          survived: false,
          loss: undefined,
        })
      }
    })

    test('gives the same bytes twice', () => {
      expect(JSON.stringify(write(asked).body)).toBe(JSON.stringify(write(structuredClone(asked)).body))
    })
  })

  test.each(TOGETHER)('%s and %s in one request are each said, or the loss is reported', (one, other) => {
    const asked = together(FEATURE_CASES[one].chat(at), FEATURE_CASES[other].chat(at))
    for (const dialect of DIALECTS) {
      const again = back(asked, dialect)
      const told = write(asked, dialect).losses.some(({ field }) => field === one || field === other)
      const survived = [one, other].map((feature) => {
        const { shown } = FEATURE_CASES[feature]
        return canonical(shown(again)) === canonical(shown(asked))
      })
      expect({ dialect, told, survived }).toMatchObject(told ? { told } : { survived: [true, true] })
    }
  })

  test('a Chat that asks for everything at once is written, and everything that cannot be said is reported', () => {
    const all = saturated(
      FEATURES.map((feature) => FEATURE_CASES[feature]),
      at,
    )
    const { body, losses } = write(all)
    const fields = losses.map(({ field }) => field)
    for (const feature of COMBINABLE.filter((one) => wire.cannot[one] !== undefined)) expect(fields).toContain(feature)
    expect(JSON.stringify(body)).toBe(JSON.stringify(write(structuredClone(all)).body))
    expect(() => wire.request.read(body, askedOf(all))).not.toThrow()
  })

  test('what other wires keep to themselves is reported, wherever it stands', () => {
    const other: WireId = wire.id === 'gemini' ? 'anthropic' : 'gemini'
    const fields = write(ownEverywhere(other)).losses.map(({ field }) => field)
    expect(fields).toEqual(
      expect.arrayContaining([
        'at_top',
        'tools.on_tool',
        'messages.on_turn',
        'content.on_block',
        'reasoning.on_reasoning',
        'output.on_output',
      ]),
    )
  })

  test('a tool and a block of another wire are dropped, and reported', () => {
    const other: WireId = wire.id === 'gemini' ? 'anthropic' : 'gemini'
    const chat = asking({
      tools: [weather(), { kind: 'foreign', wire: other, type: 'moon_phase', json: { type: 'moon_phase' } }],
      turns: [user(text('Hello'), { kind: 'foreign', wire: other, type: 'moon_view', json: { type: 'moon_view' } })],
    })
    const { body, losses } = write(chat)
    expect(JSON.stringify(body)).not.toContain('moon_')
    expect(losses).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ field: 'tool.foreign', what: 'dropped' }),
        expect.objectContaining({ field: 'content.moon_view', what: 'dropped' }),
      ]),
    )
  })

  test('a proof goes back to its wire and account only', () => {
    const { shown, chat } = FEATURE_CASES['reasoning.proof']
    const other: WireId = wire.id === 'gemini' ? 'anthropic' : 'gemini'
    for (const [issuer, account] of [
      [wire.id, 'other'],
      [other, 'main'],
      [other, null],
    ] as const) {
      const asked = withProofs(chat({ ...at, id: issuer }), account)
      const { body, losses } = write(asked)
      expect(JSON.stringify(body)).not.toContain(String(shown(asked)))
      expect(losses.map(({ field }) => field)).toContain('reasoning.proof')
    }
  })

  test('a longer conversation begins with the very bytes of the shorter one', () => {
    const turns = longConversation(at.id)
    const lists = turns.flatMap((turn, index) =>
      turn.role === 'user'
        ? [listOf(write(asking({ turns: turns.slice(0, index + 1), tools: [weather()] })).body)]
        : [],
    )
    const whole = lists.at(-1) ?? []
    for (const list of lists) expect(JSON.stringify(list)).toBe(JSON.stringify(whole.slice(0, list.length)))
  })

  test('the target’s model is written, where the wire has a place for it', () => {
    const { model } = write(asking({ model: 'client-model' })).body
    expect([undefined, TARGET.model]).toContain(model)
  })
}

/** The body written back as it was read, for the model that it asks for. */
function home(wire: Wire, body: JsonObject): ReturnType<Wire['request']['write']> {
  const model = typeof body['model'] === 'string' ? body['model'] : TARGET.model
  const target: RequestTarget = { ...TARGET, model }
  return wire.request.write(wire.request.read(body, { model, stream: body['stream'] === true }), target)
}

/** Each way in which vendors of the wires differ, alone. */
const DIALECTS: readonly Dialect[] = [
  {},
  { systemRole: 'developer' },
  { outputLimitField: 'max_completion_tokens' },
  { reasoningField: { name: 'reasoning_content', when: 'always' } },
  { reasoningField: { name: 'reasoning_content', when: 'tool-loop' } },
  { laterSystem: true },
  { laterSystem: false },
  { fetchesUrls: true },
  { fetchesUrls: false },
  { resultMedia: true },
  { resultMedia: false },
  { version: '2023-06-01' },
  { version: '2026-10-21' },
  { schema: 'openapi' },
  { schema: 'json-schema' },
  { reasoning: 'budget' },
  { reasoning: 'level' },
]

/** Features that wires say in one place, or of which one may drive the other out. */
const TOGETHER: readonly (readonly [Feature, Feature])[] = [
  ['reasoning.off', 'reasoning.effort'],
  ['reasoning.betweenTools', 'reasoning.effort'],
  ['reasoning.budget', 'reasoning.shown'],
  ['parallelCalls', 'toolChoice.required'],
  ['parallelCalls', 'toolChoice.named'],
  ['parallelCalls', 'toolChoice.allowed'],
  ['output.schema', 'verbosity'],
  ['output.schema', 'reasoning.effort'],
  ['system', 'output.json'],
  ['text.cacheMark', 'cacheAutomatic'],
  ['cacheKey', 'cacheAutomatic'],
  ['user', 'metadata'],
  ['image.data', 'file.data'],
  ['tool.custom', 'tool.foreign'],
  ['store', 'reasoning.proof'],
]

/** One request for what two ask. */
const together = (one: Chat, other: Chat): Chat => ({
  ...one,
  ...other,
  turns: [...one.turns, ...other.turns],
  tools: [...one.tools, ...other.tools.filter((tool) => !one.tools.some((known) => sameName(known, tool)))],
  ...(one.reasoning === undefined ? {} : { reasoning: { ...one.reasoning, ...other.reasoning } }),
})

const sameName = (one: Tool, other: Tool): boolean =>
  one.kind !== 'foreign' && other.kind !== 'foreign' && one.name === other.name

/** Features of one Chat that do not take each other's place. */
const EXCLUDING: readonly Feature[] = [
  'turn.assistantLast',
  'output.json',
  'reasoning.off',
  'reasoning.auto',
  'reasoning.betweenTools',
  'reasoning.budget',
  'toolChoice.none',
  'toolChoice.required',
  'toolChoice.named',
]
const COMBINABLE = FEATURES.filter((feature) => !EXCLUDING.includes(feature))

const askedOf = ({ stream }: Chat): AskedOf => ({ model: TARGET.model, stream })

const listOf = (body: JsonObject): readonly Json[] =>
  asList(body['messages']) ?? asList(body['contents']) ?? asList(body['input']) ?? []

/** New fields on the body and on every message: what a vendor adds next week. */
function withStrangeFields(body: JsonObject): JsonObject {
  const strange: JsonObject = JSON.parse(
    '{"brand_new":{"deep":[1,null,{"x":"y"}]},"__proto__":{"polluted":true},"brandNewFlag":false}',
  )
  const on = (value: Json): Json => (asObject(value) === undefined ? value : { ...asObject(value), ...strange })
  const lists = ['messages', 'contents', 'input', 'tools'].flatMap((key) => {
    const list = asList(body[key])
    return list === undefined ? [] : [[key, list.map(on)] as const]
  })
  return { ...body, ...Object.fromEntries(lists), ...strange }
}

function ownEverywhere(wire: WireId): Chat {
  const own = (field: string): Own => ({ wire, fields: { [field]: true } })
  return asking({
    own: own('at_top'),
    tools: [{ ...weather(), own: own('on_tool') }],
    turns: [{ role: 'user', own: own('on_turn'), blocks: [{ kind: 'text', text: 'Hello', own: own('on_block') }] }],
    reasoning: { effort: 'high', own: own('on_reasoning') },
    output: { kind: 'schema', schema: { type: 'object' }, own: own('on_output') },
  })
}

/** What a wire kept of its own ways is not what was asked. */
function withoutOwn(value: Json): Json {
  const list = asList(value)
  if (list !== undefined) return list.map(withoutOwn)
  const object = asObject(value)
  if (object === undefined) return value
  return Object.fromEntries(
    Object.entries(object).flatMap(([key, item]) => (key === 'own' ? [] : [[key, withoutOwn(item)]])),
  )
}

const withProofs = (chat: Chat, account: string | null): Chat => ({
  ...chat,
  turns: chat.turns.map((turn) => ({
    ...turn,
    blocks: turn.blocks.map(
      (block): Block => (block.proof === undefined ? block : { ...block, proof: { ...block.proof, account } }),
    ),
  })),
})

function longConversation(wire: WireId): readonly Turn[] {
  return Array.from({ length: 4 }, (_, round): readonly Turn[] => {
    const id = `call:${round}/${'x'.repeat(round * 30)}`
    return [
      user(text(`Question ${round}`)),
      assistant(
        { kind: 'reasoning', text: 'Hm.', id: `rs_${round}`, proof: { wire, account: null, data: `c2ln${round}A==` } },
        text(round % 2 === 0 ? ' ' : 'I look.'),
        { kind: 'call', id, name: 'get_weather', input: { kind: 'function', text: '{"city": "Oslo"}' } },
      ),
      user({ kind: 'result', callId: id, blocks: [text('Rain')] }),
      assistant(text('It rains.')),
    ]
  }).flat()
}
