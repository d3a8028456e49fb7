import type { ProviderKind } from '../provider.ts'

/** Ollama. Source: docs.ollama.com, "OpenAI compatibility" (endpoints, `stream_options`) and the FAQ (`OLLAMA_HOST`, port 11434). */
export const ollama: ProviderKind = {
  id: 'ollama',
  label: 'Ollama',
  wires: ['openai-chat'],
  operations: ['chat', 'completions', 'embeddings'],
  baseUrl: 'http://127.0.0.1:11434/v1',
  credentialRequired: false,
  stream: { usage: 'asked', done: true },
  usage: 'openai',
  environment: { url: 'OLLAMA_HOST', readUrl: urlOfHost },
}

const PORT = '11434'
/** What a server listens on to take every address; whoever calls it needs a real one. */
const EVERYWHERE: { readonly [host: string]: string } = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]' }

/** `OLLAMA_HOST` as Ollama itself reads it: `host`, `host:port`, `:port` or a URL, without a path or with one. */
function urlOfHost(value: string): string | undefined {
  const text = value.trim().replace(/^["']|["']$/g, '')
  const schemed = /^https?:\/\//.test(text)
  const parsed = URL.parse(schemed ? text : `http://${text.startsWith(':') ? `127.0.0.1${text}` : text}`)
  if (parsed === null || parsed.username !== '' || parsed.password !== '') return undefined
  const port = parsed.port !== '' ? `:${parsed.port}` : schemed || /:80(\/|$)/.test(text) ? '' : `:${PORT}`
  const path = parsed.pathname.replace(/\/+$/, '')
  return `${parsed.protocol}//${EVERYWHERE[parsed.hostname] ?? parsed.hostname}${port}${path.endsWith('/v1') ? path : `${path}/v1`}`
}
