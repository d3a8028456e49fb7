import { parentPort } from 'node:worker_threads'
import type { Body } from '../../core/body.ts'
import { countTokens, type ToCount } from '../../core/prompt-tokens.ts'
import { type FaultCode, faultOf } from '../../core/fault.ts'
import { type ToTranslate, type Translated, translateRequest } from '../../core/translate.ts'
import { parseBody } from '../parse-body.ts'

/** The other thread of the translator: one question at a time, in the order in which they come. */

/** What is to be done with a body. */
export type Work =
  | { readonly kind: 'translate'; readonly target: ToTranslate }
  | { readonly kind: 'count'; readonly asked: ToCount }

export interface TranslatorQuestion {
  readonly body: Body
  readonly work: Work
}

export type TranslatorAnswer =
  | { readonly kind: 'translated'; readonly translated: Translated }
  | { readonly kind: 'counted'; readonly tokens: number }
  /** An Error would lose its code on the way. */
  | {
      readonly kind: 'refused'
      readonly code: FaultCode
      readonly message: string
      readonly field: string | undefined
      readonly reason: string | undefined
    }

parentPort?.on('message', (question: TranslatorQuestion) => {
  const said = answer(question)
  // The body is handed over and not copied: the loop that waits for it has others to serve.
  const handedOver = said.kind === 'translated' ? [wholeBuffer(said.translated.body)] : []
  parentPort?.postMessage(
    said,
    handedOver.filter((buffer) => buffer !== undefined),
  )
})

/** The memory of these bytes, where it is nobody else's. */
const wholeBuffer = ({ buffer, byteLength }: Uint8Array): ArrayBuffer | undefined =>
  buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? buffer : undefined

function answer({ body, work }: TranslatorQuestion): TranslatorAnswer {
  try {
    const json = parseBody(body)
    switch (work.kind) {
      case 'translate':
        return { kind: 'translated', translated: translateRequest(json, work.target) }
      case 'count':
        return { kind: 'counted', tokens: countTokens(json, work.asked) }
    }
  } catch (error) {
    const { code, message, field, reason } = faultOf(error)
    return { kind: 'refused', code, message, field, reason }
  }
}
