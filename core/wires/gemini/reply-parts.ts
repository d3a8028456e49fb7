import { madeCallId } from '../../call-id.ts'
import { badField } from '../../fields.ts'
import { put } from '../../json-object.ts'
import { asCount, asList, asObject, asText, type Json, type JsonObject } from '../../json.ts'
import { ownField } from '../../own.ts'
import type { Part } from '../../part.ts'
import { notThisWire } from '../../upstream-fault.ts'
import { USAGE_KINDS, type Usage } from '../../usage.ts'
import type { ReadReply } from '../../wire.ts'
import { CandidateReader, type ReplyForm } from './candidate-read.ts'
import { toldFault } from './fault.ts'
import { CAME_SO, WIRE } from './kept.ts'
import { readSearches, readServiceTier, readUsage } from './usage.ts'
import type { PartContext } from './whole-part.ts'

/**
 * Reads a reply from its response objects: one of a whole reply, many of a stream. The same code for both, so that both mean the same.
 * Throws `upstream_error` for what is not of this wire.
 */
export class ReplyParts {
  readonly #context: ReadReply
  readonly #form: ReplyForm
  readonly #candidates = new Map<number, CandidateReader>()
  #isStarted = false
  #isFailed = false
  #id = ''
  #calls = 0
  #blocked: Part | undefined
  #usage: Usage | undefined
  /** Fields of the first object that have no place in parts. */
  #kept: JsonObject = {}
  /** The same of later ones, where they are new. */
  readonly #late: { [key: string]: Json } = {}

  readonly #parts: PartContext

  constructor(context: ReadReply, form: ReplyForm) {
    this.#context = context
    this.#form = form
    this.#parts = {
      account: context.account,
      makeId: () => madeCallId(this.#id || (context.requestId ?? ''), this.#calls++),
    }
  }

  push(body: JsonObject): readonly Part[] {
    if (this.#isFailed) return []
    const { error } = body
    if (error !== undefined && error !== null) {
      this.#isFailed = true
      return [{ kind: 'fault', fault: toldFault(error, this.#context) }]
    }
    try {
      return this.#read(body)
    } catch (cause) {
      throw notThisWire('broken_reply', cause)
    }
  }

  /** The vendor closed its side: the reply is whole if every candidate has ended, or if the prompt was refused. */
  end(): readonly Part[] {
    if (this.#isFailed) return []
    if (this.#blocked !== undefined && this.#candidates.size === 0) return [this.#blocked, this.#finish()]
    const candidates = [...this.#candidates].sort(([a], [b]) => a - b).map(([, candidate]) => candidate)
    const parts = candidates.flatMap((candidate) => candidate.end())
    const isWhole = candidates.length > 0 && candidates.every(({ isEnded }) => isEnded)
    return isWhole ? [...parts, this.#finish()] : parts
  }

  #read(body: JsonObject): readonly Part[] {
    const { candidates, usageMetadata } = body
    const list = asList(candidates ?? [])
    if (list === undefined) throw badField('candidates', 'must be a list')
    const start = this.#isStarted ? this.#later(body) : this.#start(body, list.length)
    const said = list.flatMap((candidate, position) => this.#candidate(candidate, position))
    this.#readFeedback(body['promptFeedback'])
    // The count stands before what was said, so that a client's wire that begins with it has the vendor's own.
    return [...start, ...this.#count(usageMetadata), ...said]
  }

  #start(body: JsonObject, candidates: number): readonly Part[] {
    const { modelVersion, responseId } = body
    this.#isStarted = true
    this.#id = asText(responseId) ?? ''
    this.#kept = keptOf(body)
    const createdAt = secondsOf(body['createTime'])
    const isEmptyList = candidates === 0 && asList(body['candidates']) !== undefined
    return [
      {
        kind: 'start',
        id: this.#id,
        model: asText(modelVersion) ?? '',
        ...(createdAt === undefined ? {} : { createdAt }),
        ...ownField(WIRE, this.#kept, isEmptyList ? [CAME_SO, EMPTY_CANDIDATES] : [CAME_SO]),
      },
    ]
  }

  /** Later chunks repeat what the first one said of the reply; only what is new is kept. */
  #later(body: JsonObject): readonly Part[] {
    for (const [key, value] of Object.entries(keptOf(body))) {
      const isNew = JSON.stringify(this.#kept[key]) !== JSON.stringify(value)
      if (isNew && (Object.hasOwn(this.#late, key) || Object.keys(this.#late).length < FIELDS_MAX))
        put(this.#late, key, value)
    }
    return []
  }

  #candidate(json: Json, position: number): readonly Part[] {
    const candidate = asObject(json)
    if (candidate === undefined) throw badField('candidates', 'must be a list of objects')
    const choice = asCount(candidate['index']) ?? position
    const known = this.#candidates.get(choice)
    if (known === undefined && this.#candidates.size >= CANDIDATES_MAX) throw badField('candidates', 'are too many')
    const reader = known ?? new CandidateReader(choice, this.#parts, this.#form)
    if (known === undefined) this.#candidates.set(choice, reader)
    return reader.push(candidate)
  }

  /** A prompt that was refused has no candidates at all. */
  #readFeedback(feedback: Json | undefined): void {
    const native = asText(asObject(feedback)?.['blockReason'])
    if (native !== undefined) this.#blocked = { kind: 'end', choice: 0, stop: { reason: 'blocked', native } }
  }

  /** Every chunk counts everything so far; one that says nothing new is passed over. */
  #count(usageMetadata: Json | undefined): readonly Part[] {
    let searches = 0
    for (const { rest } of this.#candidates.values()) searches += readSearches(rest)
    const usage = readUsage(usageMetadata, searches)
    const metadata = asObject(usageMetadata)
    if (usage === undefined || metadata === undefined) return []
    const serviceTier = readServiceTier(usageMetadata)
    const before = this.#usage
    this.#usage = usage
    if (before !== undefined && USAGE_KINDS.every((kind) => before[kind] === usage[kind])) return []
    return [{ kind: 'usage', usage, serviceTier, own: { wire: WIRE, fields: metadata } }]
  }

  #finish(): Part {
    return { kind: 'finish', ...ownField(WIRE, this.#late) }
  }
}

/** How a reply was spelt. */
export const EMPTY_CANDIDATES = 'nothing in candidates'

const CANDIDATES_MAX = 128
/** More than a vendor has; each is kept to the end. */
const FIELDS_MAX = 64

/** What has no place in parts: everything that is no candidate, count or name. */
function keptOf(body: JsonObject): JsonObject {
  const { candidates: _, modelVersion, responseId, usageMetadata, ...others } = body
  const isRead = usageMetadata === undefined || readUsage(usageMetadata, 0) !== undefined
  return {
    ...(typeof modelVersion === 'string' || modelVersion === undefined ? {} : { modelVersion }),
    ...(typeof responseId === 'string' || responseId === undefined ? {} : { responseId }),
    ...(isRead ? {} : { usageMetadata }),
    ...others,
  }
}

function secondsOf(time: Json | undefined): number | undefined {
  const milliseconds = typeof time === 'string' ? Date.parse(time) : Number.NaN
  return Number.isFinite(milliseconds) ? Math.floor(milliseconds / 1_000) : undefined
}
