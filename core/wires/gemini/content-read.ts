import { blockParts } from '../../collect.ts'
import { badField } from '../../fields.ts'
import { isEmpty } from '../../json-object.ts'
import { asObject, asText, type Json, type JsonObject } from '../../json.ts'
import type { Part, PartContent } from '../../part.ts'
import { readCitations, type Said } from './citations.ts'
import { WIRE } from './kept.ts'
import type { Layout } from './layout.ts'
import { PartialArgs } from './partial-args.ts'
import { type PartContext, readWholePart } from './whole-part.ts'

interface OpenBlock {
  readonly block: number
  readonly kind: PartContent['kind']
  /** Of a call whose arguments come in pieces. */
  readonly args?: PartialArgs
  /** Whether its signature has come: nothing may be added to it any more. */
  readonly isSigned?: true
}

interface ContentPlace {
  readonly choice: number
  readonly layout: Layout
  /** What the candidate says beside its content, as far as it has come: where its texts are from stands there. */
  readonly about: JsonObject
}

/** Reads the parts of one candidate as blocks. Texts that follow each other are one block, because a stream gives one text in many parts. */
export class ContentReader {
  readonly #choice: number
  readonly #layout: Layout
  readonly #about: JsonObject
  readonly #context: PartContext
  #nextBlock = 0
  #open: OpenBlock | undefined
  #hasCall = false
  readonly #said: string[] = []
  #saidLength = 0
  /** Where in what was said the open text began. */
  #blockStart = 0

  constructor({ choice, layout, about }: ContentPlace, context: PartContext) {
    this.#choice = choice
    this.#layout = layout
    this.#about = about
    this.#context = context
  }

  get hasCall(): boolean {
    return this.#hasCall
  }

  push(json: Json): readonly Part[] {
    const part = asObject(json)
    if (part === undefined) throw badField('parts', 'must be a list of objects')
    const { text, thought, thoughtSignature, ...rest } = part
    const isPlain = typeof text === 'string' && (thought === undefined || thought === true) && isEmpty(rest)
    const signature = asText(thoughtSignature)
    if (isPlain && (thoughtSignature === undefined || signature !== undefined)) {
      return this.#say(thought === true ? 'reasoning' : 'text', text, signature)
    }
    const call = thought === true ? undefined : asObject(part['functionCall'])
    const pieces = call === undefined ? undefined : this.#pieces(call, signature)
    if (pieces !== undefined) return pieces
    return this.#whole(part)
  }

  /** Closes what is open. `cut`: it broke off, so arguments that came in pieces are not complete. */
  close(how: 'whole' | 'cut'): readonly Part[] {
    const open = this.#open
    if (open === undefined) return []
    this.#open = undefined
    const at = { choice: this.#choice, block: open.block }
    const citations = open.kind === 'text' ? this.#citations() : []
    const text = how === 'cut' ? open.args?.cutText() : open.args?.text()
    return [
      ...(text === undefined ? [] : [{ kind: 'delta' as const, ...at, text }]),
      ...citations.map((citation) => ({ kind: 'cite' as const, ...at, citation })),
      { kind: 'close', ...at },
    ]
  }

  /** A piece of text, or of a thought. Behind a signature another block begins: it stands for all that came before it. */
  #say(kind: 'text' | 'reasoning', text: string, signature: string | undefined): readonly Part[] {
    const out: Part[] = []
    if (this.#open?.kind === kind && this.#open.isSigned !== true) this.#layout.more(text.length)
    else if (text === '' && signature === undefined) {
      this.#layout.blank()
      return out
    } else {
      this.#layout.text(text.length)
      out.push(...this.close('whole'), this.#opening({ kind }))
    }
    const at = { choice: this.#choice, block: this.#open?.block ?? 0 }
    if (text !== '') out.push({ kind: 'delta', ...at, text })
    if (kind === 'text') this.#remember(text)
    if (signature === undefined) return out
    this.#open = { block: at.block, kind, isSigned: true }
    return [...out, { kind: 'prove', ...at, proof: this.#proof(signature) }]
  }

  /** A call whose arguments come in pieces; `undefined` for one that is whole. */
  #pieces(call: JsonObject, signature: string | undefined): readonly Part[] | undefined {
    const open = this.#open
    const { name, partialArgs, willContinue } = call
    if (open?.args !== undefined && (name === undefined || name === '')) {
      open.args.add(partialArgs)
      return willContinue === true ? [] : this.close('whole')
    }
    // Behind the last piece of a call some models say again that it is over.
    if (isEmpty(call)) return []
    if (typeof name !== 'string' || name === '' || (partialArgs === undefined && willContinue !== true))
      return undefined
    const args = new PartialArgs()
    args.add(partialArgs)
    this.#layout.whole()
    this.#hasCall = true
    const closing = this.close('whole')
    const opening = this.#opening(
      { kind: 'call', id: asText(call['id']) || this.#context.makeId(), name, input: 'function' },
      args,
    )
    const at = { choice: this.#choice, block: opening.block }
    const proof = signature === undefined ? [] : [{ kind: 'prove' as const, ...at, proof: this.#proof(signature) }]
    return [...closing, opening, ...proof, ...(willContinue === true ? [] : this.close('whole'))]
  }

  #whole(part: JsonObject): readonly Part[] {
    const block = readWholePart(part, this.#context)
    this.#layout.whole()
    if (block.content.kind === 'call') this.#hasCall = true
    if (block.content.kind === 'text') this.#remember(block.text ?? '')
    return [...this.close('whole'), ...blockParts({ choice: this.#choice, block: this.#nextBlock++ }, block)]
  }

  #opening(content: PartContent, args?: PartialArgs) {
    const block = this.#nextBlock++
    this.#blockStart = this.#saidLength
    this.#open = { block, kind: content.kind, ...(args === undefined ? {} : { args }) }
    return { kind: 'open', choice: this.#choice, block, content } as const
  }

  #proof(data: string) {
    return { wire: WIRE, account: this.#context.account, data } as const
  }

  /** Sources are told behind the text and by their place in it. */
  #remember(text: string): void {
    this.#saidLength += text.length
    if (this.#saidLength <= SAID_MAX) this.#said.push(text)
  }

  #citations() {
    const isTold = 'groundingMetadata' in this.#about || 'citationMetadata' in this.#about
    if (!isTold || this.#saidLength > SAID_MAX) return []
    const said: Said = { text: this.#said.join(''), blockStart: this.#blockStart }
    return readCitations(this.#about, said)
  }
}

/** Of longer texts (in UTF-16 units) no sources are told. */
const SAID_MAX = 1_048_576
