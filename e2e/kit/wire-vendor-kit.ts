import type { WireVendor } from './wire-vendor.ts'

/** Requests of the vendor's own tests: raw, because what an SDK would never send is half of them. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: unknown
}

export async function post(vendor: WireVendor, path: string, options: RawPost): Promise<RawAnswer> {
  const response = await fetch(vendor.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...HEADERS, ...options.headers },
    body: JSON.stringify(options.body),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: parsed(text) }
}

export interface RawPost {
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** One key for all of them, and what Anthropic insists on. */
const HEADERS = { authorization: 'Bearer key-a', 'anthropic-version': '2023-06-01' }

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The events of a stream, with their names. */
export function eventsIn(text: string): readonly { readonly name: string; readonly data: unknown }[] {
  return text
    .split(/\r?\n\r?\n/)
    .filter((block) => block !== '')
    .map((block) => ({
      name: /^event: (.*)$/m.exec(block)?.[1] ?? '',
      data: parsed(/^data: (.*)$/m.exec(block)?.[1] ?? '') ?? /^data: (.*)$/m.exec(block)?.[1],
    }))
}
