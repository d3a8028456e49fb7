import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { canonicalJson } from '../core/canonical-json.ts'
import type { Asked } from './exchange.ts'

/**
 * Tells two requests with the same idempotency key apart: SHA-256 over that key, method, path and body. The key is in it so that nobody who reads the
 * database can try out what was asked. A body that is parsed counts as what it says, whatever the order of its keys; a larger one as its bytes.
 */
export async function fingerprintOf({ request, parsed, body }: Fingerprinted, value: string): Promise<Buffer> {
  const hash = createHash('sha256').update(JSON.stringify([value, request.method, pathOf(request.url ?? '')]))
  if (parsed !== undefined) return hash.update(canonicalJson(parsed)).digest()
  let untilPause = TURN_BYTES_MAX
  for (const chunk of body.chunks) {
    hash.update(chunk)
    untilPause -= chunk.length
    if (untilPause > 0) continue
    await nextTurn()
    untilPause = TURN_BYTES_MAX
  }
  return hash.digest()
}

type Fingerprinted = Pick<Asked, 'parsed' | 'body'> & { readonly request: Pick<Asked['request'], 'method' | 'url'> }

/** About two milliseconds: more would hold up everybody else. */
const TURN_BYTES_MAX = 1_048_576

/** With its query, which may say the form of the answer, but without a credential in it: that one may be rotated. */
function pathOf(url: string): string {
  const [path, query] = [url.split('?', 1)[0] ?? '', url.slice(url.indexOf('?') + 1)]
  if (path.length === url.length) return path
  return `${path}?${query
    .split('&')
    .filter((pair) => !pair.startsWith('key='))
    .join('&')}`
}
