import { parentPort } from 'node:worker_threads'
import type { Body } from '../../core/body.ts'
import { type FaultCode, faultOf } from '../../core/fault.ts'
import { type ToTranslate, type Translated, translateRequest } from '../../core/translate.ts'
import { parseBody } from '../parse-body.ts'

/** The other thread of the translator: one question at a time, in the order in which they come. */

export interface TranslatorQuestion {
  readonly id: number
  readonly body: Body
  readonly target: ToTranslate
}

export type TranslatorAnswer =
  | { readonly id: number; readonly translated: Translated }
  | {
      readonly id: number
      /** An Error would lose its code on the way. */
      readonly fault: {
        readonly code: FaultCode
        readonly message: string
        readonly field: string | undefined
        readonly reason: string | undefined
      }
    }

parentPort?.on('message', ({ id, body, target }: TranslatorQuestion) => {
  parentPort?.postMessage(answer(id, body, target))
})

function answer(id: number, body: Body, target: ToTranslate): TranslatorAnswer {
  try {
    return { id, translated: translateRequest(parseBody(body), target) }
  } catch (error) {
    const { code, message, field, reason } = faultOf(error)
    return { id, fault: { code, message, field, reason } }
  }
}
