import assert from 'node:assert/strict'
import { echo } from '../kit/wire-vendor-mind.ts'
import type { WireSeen, WireVendor } from '../kit/wire-vendor.ts'
import { ENDED_WELL, endedWell, type Address, type SdkClient, type Session, type Step } from './client.ts'

/** One thing that a client does with a vendor, and what must come of it. Each throws when it does not. */
export interface Scenario {
  readonly name: string
  readonly run: (stage: Stage) => Promise<void>
}

export interface Stage {
  readonly client: SdkClient
  readonly session: Session
  readonly vendor: WireVendor
  /** What the model behind it does, whichever wire it is reached by. */
  readonly model: ModelTraits
}

export interface ModelTraits extends Pick<Address, 'model' | 'thinking'> {
  /** Whether what it thinks is shown to a client that asks. */
  readonly showsThoughts: boolean
  /** Whether it gives out opaque reasoning that it wants back. */
  readonly wantsProofs: boolean
  /** Whether it refuses to think on in a turn whose thinking does not come back. */
  readonly needsThoughtsBack: boolean
}

export const scenarios: readonly Scenario[] = [
  { name: 'text', run: text },
  { name: 'stream', run: stream },
  { name: 'tools', run: (stage) => loop(stage, { stream: false }) },
  { name: 'tools streamed', run: (stage) => loop(stage, { stream: true }) },
  { name: 'json', run: json },
  { name: 'picture', run: picture },
  { name: 'length', run: length },
  { name: 'rate limit', run: rateLimit },
  { name: 'bad request', run: badRequest },
  { name: 'error in stream', run: (stage) => brokenStream(stage, 'error in stream') },
  { name: 'cut stream', run: (stage) => brokenStream(stage, 'cut the stream') },
  { name: 'early end', run: (stage) => brokenStream(stage, 'end the stream early') },
  { name: 'abort', run: abort },
]

/** Only a gateway makes something of it: at the vendor itself a client is alone with what it cannot read. */
export const throughGateway: readonly Scenario[] = [...scenarios, { name: 'nonsense', run: nonsense }]

const GREETING = 'Grüße aus 京都 😀'

async function text({ session, vendor }: Stage): Promise<void> {
  const from = vendor.seen.length
  const said = await session.text({ text: GREETING, system: 'Be brief.' })
  assert.equal(said.text, `[Be brief.] ${echo(GREETING)}`)
  assert.ok(endedWell(said.stop), said.stop)
  assert.deepEqual(said.usage, countedBy(vendor.seen.slice(from)))
}

async function stream({ session, vendor }: Stage): Promise<void> {
  const from = vendor.seen.length
  const said = await session.stream({ text: GREETING, system: 'Be brief.' })
  assert.equal(said.text, `[Be brief.] ${echo(GREETING)}`)
  assert.ok(said.pieces >= 3, `the text came in ${said.pieces} pieces`)
  assert.ok(endedWell(said.stop), said.stop)
  if (said.usage !== null) assert.deepEqual(said.usage, countedBy(vendor.seen.slice(from)))
}

/** Two calls at once, then one, then the answer; with whatever the model wants back of its thinking. */
async function loop({ client, session, vendor, model }: Stage, how: { readonly stream: boolean }): Promise<void> {
  const from = vendor.seen.length
  const done = await session.loop('call get_weather for Paris and Rome, then call get_time for Oslo', how)
  assert.deepEqual(
    done.steps.map(({ calls }) => calls),
    [
      [
        { name: 'get_weather', input: { city: 'Paris' } },
        { name: 'get_weather', input: { city: 'Rome' } },
      ],
      [{ name: 'get_time', input: { zone: 'Oslo' } }],
    ],
  )
  assert.equal(
    done.text,
    'Results: get_weather(Paris) gave sunny in Paris; get_weather(Rome) gave sunny in Rome; get_time(Oslo) gave noon in Oslo.',
  )
  const seen = vendor.seen.slice(from)
  assert.equal(seen.length, 3, `the vendor was asked ${seen.length} times`)
  if (model.thinking !== 'none') checkThinking({ client, model, seen, steps: done.steps })
}

interface Thought {
  readonly client: SdkClient
  readonly model: ModelTraits
  readonly seen: readonly WireSeen[]
  readonly steps: readonly Step[]
}

function checkThinking({ client, model, seen, steps }: Thought): void {
  // A model that wants its thinking back cannot go on thinking for a client that loses it.
  const thinking = model.needsThoughtsBack && !client.keepsUnknownFields ? seen.slice(0, 1) : seen
  assert.deepEqual(
    thinking.map(({ asked }) => asked?.thinks),
    thinking.map(() => true),
    'the vendor was to think',
  )
  if (model.showsThoughts && client.wire !== 'openai-chat')
    for (const { thoughts } of steps) assert.match(thoughts, /^Thinking about: /)
  if (model.wantsProofs && client.keepsUnknownFields)
    assert.deepEqual(
      seen.map(({ asked }) => asked?.proofs.returned),
      [0, 1, 2],
      'the reasoning of each turn was to come back in the next ones',
    )
}

async function json({ session }: Stage): Promise<void> {
  assert.deepEqual(await session.json('Describe a city.'), { city: 'some city', people: 7, tags: ['some tags'] })
}

/** One pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='

async function picture({ session }: Stage): Promise<void> {
  const said = await session.picture('What is this?', PNG)
  assert.equal(said.text, `I see image/png of ${Buffer.from(PNG, 'base64').length} bytes. ${echo('What is this?')}`)
}

/** The answer is longer than the client allows. */
async function length({ session }: Stage): Promise<void> {
  const prompt = 'again '.repeat(100).trim()
  const said = await session.text({ text: prompt, limit: 64 })
  assert.match(said.stop, /^(length|max_tokens|incomplete|MAX_TOKENS)$/)
  assert.ok(said.text !== '' && echo(prompt).startsWith(said.text), said.text)
}

async function rateLimit({ session }: Stage): Promise<void> {
  const { isRateLimit, isClientsOwn, status, retrySeconds, message } = await session.failure('error 429 retry 7')
  assert.deepEqual(
    { isRateLimit, isClientsOwn, status, retrySeconds },
    { isRateLimit: true, isClientsOwn: true, status: 429, retrySeconds: 7 },
    message,
  )
}

/** The caller's own mistake is told in the vendor's words. */
async function badRequest({ session }: Stage): Promise<void> {
  const { isBadRequest, isClientsOwn, status, message } = await session.failure('error 400')
  assert.deepEqual(
    { isBadRequest, isClientsOwn, status },
    { isBadRequest: true, isClientsOwn: true, status: 400 },
    message,
  )
  assert.match(message, /You asked for this error/)
}

/** What came stays, and nobody believes that it was all. */
async function brokenStream({ session }: Stage, prompt: string): Promise<void> {
  const { text, failure } = await session.brokenStream(prompt)
  assert.match(text, /^This answer/)
  assert.notEqual(failure.message, ENDED_WELL)
}

async function nonsense({ session }: Stage): Promise<void> {
  const { isClientsOwn, status, message } = await session.failure('nonsense')
  assert.deepEqual({ isClientsOwn, status }, { isClientsOwn: true, status: 502 }, message)
}

async function abort({ session, vendor }: Stage): Promise<void> {
  const from = vendor.seen.length
  await session.abort('count slowly')
  const seen = await vendor.waitFor(({ state }) => state !== 'running', { from, timeoutMs: 5_000 })
  assert.equal(seen.state, 'left')
}

/** What the vendor counted in the one request that it got. */
function countedBy(seen: readonly WireSeen[]): { input: number; output: number } {
  assert.equal(seen.length, 1, `the vendor was asked ${seen.length} times`)
  const usage = seen[0]?.usage
  return { input: usage?.input ?? -1, output: usage?.output ?? -1 }
}
