import type { Views } from './admin/index.ts'
import type { LoadedConfig } from './config.ts'
import { eachLeaf, pathText } from './config/path.ts'
import { HIDDEN, references } from './config/secrets.ts'
import type { Snapshot } from './snapshot.ts'

/** What the admin API shows of this process: the providers, and every value of the configuration with where it comes from. */
export const adminViews = (loaded: () => LoadedConfig, snapshot: () => Snapshot): Views => ({
  providers: () => {
    const { config, providers, notices } = snapshot()
    const configured = Object.entries(config.providers).map(([name, { kind }]) => ({ name, kind }))
    const builtIn = [...providers.values()].map(({ name, kind }) => ({ name, kind: kind.id }))
    const all = new Map([...configured, ...builtIn].map((provider) => [provider.name, provider]))
    return [...all.values()].map(({ name, kind }) => ({
      name,
      kind,
      state: providers.has(name) ? ('ready' as const) : ('unavailable' as const),
      notice: notices.find((notice) => notice.startsWith(`${name}:`)) ?? null,
    }))
  },
  config: () => {
    const { config, origins } = loaded()
    const secret = new Set(references(config).map(({ path }) => pathText(path)))
    const items: ReturnType<Views['config']> = []
    eachLeaf(config, (path, leaf) => {
      const text = pathText(path)
      items.push({ path: text, value: secret.has(text) ? HIDDEN : plain(leaf), origin: origins.get(text) ?? 'default' })
    })
    return items
  },
})

const plain = (leaf: unknown): string | number | boolean | null =>
  typeof leaf === 'string' || typeof leaf === 'number' || typeof leaf === 'boolean' || leaf === null
    ? leaf
    : JSON.stringify(leaf)
