import type { WireId } from '../core/chat.ts'
import { FEATURES, type Feature } from '../core/loss.ts'
import { WIRE_IDS } from '../core/chat.ts'
import { wires } from '../core/wires/index.ts'

/** `docs/losses.md`: for each ordered pair of wires, what a client of the one can say and a provider of the other cannot be told, from the wires' own tables. */
export function lossReference(): string {
  const pairs = WIRE_IDS.flatMap((client) =>
    WIRE_IDS.filter((vendor) => vendor !== client).map((vendor) => section(client, vendor)),
  )
  return `${[HEAD, ...pairs].join('\n\n')}\n`
}

const HEAD = `# What one API format cannot say in another

<!-- Made by npm run reference from core/wires/*/features.ts. -->

A request whose client and provider speak the same format passes as it came. Any other is translated, and what cannot be said on the other
side is never left out in silence: it is listed in the header \`x-sekisho-lossy\` as \`field=what\` and stands in the usage record. A route with
\`lossy: strict\` refuses such a request with 400 and the field's name, one with \`lossy: silent\` only records it.

\`dropped\`: left out. \`clamped\`: moved to the nearest value that is possible. \`emulated\`: done in another way.

What differs by model (sampling parameters, levels of reasoning, forced tools) is decided by \`catalog/capabilities.json\` and reported in the
same way. Fields that only the client's own format knows, and no table here has, are reported by their own names.`

const NAMES: { readonly [wire in WireId]: string } = {
  'openai-chat': 'OpenAI chat completions',
  'openai-responses': 'OpenAI responses',
  anthropic: 'Anthropic messages',
  gemini: 'Gemini generateContent',
}

function section(client: WireId, vendor: WireId): string {
  const rows = FEATURES.flatMap((feature) => rowOf(feature, { client, vendor }))
  const table = ['| field of the client | what happens | why |', '| --- | --- | --- |', ...rows].join('\n')
  return `## From ${NAMES[client]} to ${NAMES[vendor]}\n\n${rows.length === 0 ? 'Everything can be said.' : table}`
}

function rowOf(
  feature: Feature,
  { client, vendor }: { readonly client: WireId; readonly vendor: WireId },
): readonly string[] {
  const field = wires[client].says[feature]
  const unable = wires[vendor].cannot[feature]
  return field === undefined || unable === undefined ? [] : [`| \`${field}\` | ${unable.what} | ${unable.why} |`]
}
