import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import type { Clock } from '../../core/world.ts'

/** A key of an issuer: `jwk` is what it publishes. */
export interface SigningKey {
  readonly alg: string
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
  readonly jwk: JWK
}

export async function signingKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { alg, kid, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

/** A token with these claims and header fields beside the usual ones. */
export const signed = (
  { alg, kid, privateKey }: Pick<SigningKey, 'alg' | 'kid' | 'privateKey'>,
  claims: { readonly [name: string]: unknown },
  header: { readonly [name: string]: unknown } = {},
): Promise<string> => new SignJWT({ ...claims }).setProtectedHeader({ alg, kid, ...header }).sign(privateKey)

/** An issuer on a real socket. What it answers is set by `answer`. */
export interface TestIssuer {
  readonly jwksUrl: string
  answer: (response: ServerResponse, request: IncomingMessage) => void
  /** The path of every request so far. */
  readonly asked: readonly string[]
  publish(...keys: readonly JWK[]): void
  /** Refuses connections until `start`. */
  stop(): Promise<void>
  start(): Promise<void>
}

export async function startIssuer(): Promise<TestIssuer> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    issuer.answer(response, request)
  })
  const listen = async (at: number) => {
    server.listen(at, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }
  const port = await listen(0)
  const issuer: TestIssuer = {
    jwksUrl: `http://127.0.0.1:${port}/jwks`,
    answer: (response) => response.writeHead(404).end(),
    asked,
    publish(...keys) {
      issuer.answer = (response) => response.end(JSON.stringify({ keys }))
    },
    async stop() {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
    async start() {
      await listen(port)
    },
  }
  return issuer
}

/** A clock that only goes when it is told to. */
export function handClock(startMs = Date.UTC(2025, 10, 21, 12)): Clock & { forward(ms: number): void } {
  const passed = { ms: 0 }
  return {
    now: () => startMs + passed.ms,
    monotonic: () => passed.ms,
    forward(ms) {
      passed.ms += ms
    },
  }
}
