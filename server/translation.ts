import type { Body } from '../core/body.ts'
import type { WireId } from '../core/chat.ts'
import type { Loss } from '../core/loss.ts'
import type { Provider, Target } from '../core/route.ts'
import { type ToTranslate, type Translated, translateRequest } from '../core/translate.ts'
import { Translating } from '../core/translating.ts'
import { forms } from '../core/wires/forms.ts'
import { wires } from '../core/wires/index.ts'
import type { Account } from './account.ts'
import type { AttemptRun } from './attempt-run.ts'
import type { Opened, Planned } from './exchange.ts'
import { contentTypeOf, EVENT_BYTES_MAX, shapeOf } from './reply-shape.ts'
import type { World } from './world.ts'

/** A request in another wire than the client's, and the way back. */
export interface Translation {
  readonly wire: WireId
  readonly stream: boolean
  readonly body: Body
  readonly losses: readonly Loss[]
  /** Begins to read the answer. */
  readonly open: (run: AttemptRun) => Opened
}

/** Translates at once what was small enough to be parsed here, and waits for the other thread with what was not, as long as the client stays. */
export function translate(
  planned: Planned,
  target: Target,
  { world, account }: { readonly world: World; readonly account: Account },
): Translation | Promise<Translation> {
  const asked = toTranslate(planned, target)
  if (planned.parsed !== undefined) return translationOf(planned, translateRequest(planned.parsed, asked), account)
  let forget = () => {}
  const translated = world.translator.translate(planned.body, asked, (cancel) => {
    forget = account.onInterrupt(cancel)
  })
  return translated.finally(() => forget()).then((done) => translationOf(planned, done, account))
}

function toTranslate({ endpoint, fields, lossMode }: Planned, { model, provider, ...target }: Target): ToTranslate {
  return {
    form: endpoint.form,
    asked: { model: fields.model, stream: fields.stream },
    spoken: ownFirst(endpoint.wire, provider.wires),
    model,
    account: provider.account,
    outputTokensMax: target.outputTokensMax,
    capabilities: target.capabilities,
    dialect: provider.kind.dialect ?? {},
    store: provider.options.store === true,
    lossMode,
    usageOnRequest: provider.kind.stream.usage === 'asked',
  }
}

/** What must be read although the vendor speaks the client's wire stays in that wire, which loses nothing. */
function ownFirst(own: WireId, spoken: Provider['wires']): Provider['wires'] {
  return spoken.includes(own) ? [own, ...spoken.filter((wire) => wire !== own)] : spoken
}

function translationOf(planned: Planned, translated: Translated, account: Account): Translation {
  const { wire, body, losses } = translated
  return {
    wire,
    stream: planned.fields.stream,
    body: { chunks: [body], bytes: body.length },
    losses,
    open: (run) => open(run, { planned, translated, account }),
  }
}

interface Opening {
  readonly planned: Planned
  readonly translated: Translated
  readonly account: Account
}

function open(run: AttemptRun, { planned, translated, account }: Opening): Opened {
  const { provider } = run.attempt.target
  const { fields, endpoint } = planned
  const form = forms[endpoint.form]
  const to = fields.stream ? 'stream' : 'whole'
  const reader = new Translating({
    vendor: wires[translated.wire],
    form,
    undo: translated.undo,
    force: translated.force,
    from: shapeOf(contentTypeOf(run), fields.stream),
    to,
    read: {
      requestId: account.requestId,
      flavour: provider.kind.usage,
      account: provider.account,
      spendLimitCodes: provider.kind.spendLimitCodes ?? [],
      endsWithDone: provider.kind.stream.done,
    },
    write: {
      requestId: account.requestId,
      createdAt: Math.floor(account.at / 1_000),
      inputEstimate: run.inputEstimate,
      usageAsked: fields.usageAsked,
      chat: translated.chat,
    },
    eventBytesMax: EVENT_BYTES_MAX,
    replyBytesMax: REPLY_BYTES_MAX,
  })
  const contentType = to === 'stream' ? form.streamType : 'application/json'
  return { kind: to, contentType, reader, faultFrame: (fault) => reader.faultFrame(fault) }
}

/** A whole reply that must be read before it can be written. */
const REPLY_BYTES_MAX = 67_108_864
