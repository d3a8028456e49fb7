import type { FirstStart } from './admin/first-start.ts'

/** What a start says to the person who started it. Secrets stand here once and nowhere else; the log never has them. */
export function bannerLines({
  version,
  address,
  first,
  notices,
}: {
  readonly version: string
  readonly address: string
  readonly first: FirstStart
  readonly notices: readonly string[]
}): readonly string[] {
  return [
    `Sekisho ${version} listens on ${address}`,
    ...notices.map((notice) => `  note: ${notice}`),
    ...(first.setupToken === null ? [] : setupLines(first.setupToken)),
    ...(first.demoKey === null ? [] : keyLines(first.demoKey, address)),
  ]
}

const setupLines = (token: string): readonly string[] => [
  '',
  `  Setup token, once, for the administrator:  ${token}`,
  `    npx sekisho setup --token ${token} --name admin`,
]

const keyLines = (key: string, address: string): readonly string[] => [
  '',
  `  Virtual key, for the built-in demo models: ${key}`,
  '  Try it:',
  `    curl ${address}/v1/chat/completions -H 'authorization: Bearer ${key}' -H 'content-type: application/json' -d '{"model":"demo/demo-chat","messages":[{"role":"user","content":"Hello"}]}'`,
]

/** The address as a browser on this machine would write it. */
export function addressOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}
