import { posix } from 'node:path'
import { isProgram, isTest, type SourceFile } from './source-files.ts'

/**
 * Which part may import which (ARCHITECTURE.md): `core <- server`, `core <- cli`, `core <- web` and nothing else; wires know no
 * provider; hops know no other hop; nothing goes in a circle (types may: they are gone when it runs); what runs in production
 * imports no development package. Tests may import anything. Gives one sentence for each import that may not be, or none.
 */
export function arrowFaults(files: readonly SourceFile[], productionPackages: readonly string[]): readonly string[] {
  const imports = files.filter((file) => isProgram(file.path) && !isTest(file.path)).flatMap(importsOf)
  const refused = imports.flatMap((one) => {
    const why = one.kind === 'file' ? fileRefusal(one) : packageRefusal(one, productionPackages)
    return why === undefined ? [] : [`${one.from} imports ${one.to}: ${why}`]
  })
  return [...new Set(refused), ...circlesIn(imports)]
}

interface Import {
  readonly from: string
  readonly to: string
  readonly kind: 'file' | 'package'
  readonly typesOnly: boolean
}

/** Each part and the parts that it may import. A part that is not here may import all. */
const parts: { readonly [part: string]: readonly string[] } = {
  core: ['core'],
  server: ['core', 'server', 'catalog'],
  cli: ['core', 'cli'],
  web: ['core', 'web'],
  catalog: ['core', 'catalog'],
}
const inProduction = ['core', 'server', 'cli', 'web']
const inCore = ['zod']
const hops = ['identify', 'ask', 'admit', 'choose', 'call', 'send']

function fileRefusal({ from, to }: Import): string | undefined {
  const part = partOf(from)
  const allowed = parts[part]
  if (allowed !== undefined && !allowed.includes(partOf(to))) return `${part} may import only ${allowed.join(', ')}`
  if (isTest(to) && inProduction.includes(part)) return 'it is for tests'
  if (from.startsWith('core/wires/') && to.startsWith('core/providers/')) return 'a wire knows no provider'
  const [hop, other] = [hopOf(from), hopOf(to)]
  if (hop !== undefined && other !== undefined && hop !== other) return 'a hop knows no other hop'
  return undefined
}

function packageRefusal({ from, to, typesOnly }: Import, productionPackages: readonly string[]): string | undefined {
  const part = partOf(from)
  if (part === 'core' && !inCore.includes(to)) return `core is pure and knows only ${inCore.join(', ')}`
  const free = typesOnly || !inProduction.includes(part) || to.startsWith('node:') || productionPackages.includes(to)
  return free ? undefined : 'it is not in the dependencies of package.json'
}

const partOf = (path: string): string => path.split('/')[0] ?? ''

/** A hop is its file, the files whose names begin with it and a dash, and its folder. */
function hopOf(path: string): string | undefined {
  const [, name] = /^server\/hops\/([^/.]+)/.exec(path) ?? []
  return hops.find((hop) => name === hop || name?.startsWith(`${hop}-`))
}

// `import … from '…'`, `export … from '…'`, `import '…'` and `import('…')`: after the formatter there is no other way to write one.
const statements =
  /(?:^import(?: [^'"`;]*?\bfrom)? |^export(?: type)? [*{][^'"`;]*?\bfrom |\bimport\()'(?<specifier>[^'\n]+)'/gm

function importsOf({ path, text }: SourceFile): readonly Import[] {
  return [...text.matchAll(statements)].map((match) => {
    const specifier = match.groups?.['specifier'] ?? ''
    const typesOnly = /^\w+ type\b/.test(match[0])
    return specifier.startsWith('.')
      ? { from: path, to: posix.join(posix.dirname(path), specifier), kind: 'file', typesOnly }
      : { from: path, to: packageOf(specifier), kind: 'package', typesOnly }
  })
}

const packageOf = (specifier: string): string =>
  specifier.startsWith('node:') ? specifier : specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')

/** Each circle once, told from where it was entered. */
function circlesIn(imports: readonly Import[]): readonly string[] {
  const next = Map.groupBy(
    imports.filter((one) => one.kind === 'file' && !one.typesOnly),
    (one) => one.from,
  )
  const circles: string[] = []
  const done = new Set<string>()
  const walk = (path: string, trail: readonly string[]): void => {
    const seenAt = trail.indexOf(path)
    if (seenAt >= 0) circles.push(`imports go in a circle: ${[...trail.slice(seenAt), path].join(' -> ')}`)
    if (seenAt >= 0 || done.has(path)) return
    for (const { to } of next.get(path) ?? []) walk(to, [...trail, path])
    done.add(path)
  }
  for (const path of next.keys()) walk(path, [])
  return circles
}
