import type { WireId } from '../../core/chat.ts'
import { canonical } from '../../core/contract/canonical.ts'
import { type Comparison, IGNORED_REASONS, judged } from './comparator.ts'
import type { Difference } from './differences.ts'

/** Counts what was compared, and says at the end whether the wires agree. */
export class Tally {
  readonly #pairs = new Map<string, PairCount>()
  readonly #facts = new Map<string, { there: number; wrong: number }>()
  readonly #ignored = new Map<string, number>()
  readonly #details: Detail[] = []

  /** One case of one pair. `facts` are those that it was compared by. */
  add(
    name: string,
    comparison: Comparison,
    { facts, differences }: { readonly facts: readonly string[]; readonly differences: readonly Difference[] },
  ): void {
    const { disagree, reported } = judged(differences, comparison, this.#ignored)
    const count = this.#countOf(comparison)
    if (disagree.length > 0) count.disagree++
    else if (reported.length > 0) count.reported++
    else count.agree++
    for (const fact of facts) {
      const seen = this.#factOf(`${comparison.to} ${comparison.kind} ${fact}`)
      seen.there++
      if (disagree.some((difference) => difference.fact === fact)) seen.wrong++
    }
    for (const difference of disagree) this.#details.push({ name, comparison, difference })
  }

  /** A case that could not even be compared. */
  fail(name: string, comparison: Comparison, error: unknown): void {
    this.#countOf(comparison).disagree++
    const got =
      error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 4).join(' | ') : String(error)
    this.#details.push({ name, comparison, difference: { fact: 'it was thrown', expected: undefined, got } })
  }

  /** Pairs under the share that must agree or be reported, and facts that are wrong nearly wherever they stand: a writer has lost them. */
  red({ shareMin, factShareMin }: { readonly shareMin: number; readonly factShareMin: number }): readonly string[] {
    const pairs = [...this.#pairs].filter(
      ([, { agree, reported, disagree }]) => (agree + reported) / (agree + reported + disagree) < shareMin,
    )
    const facts = [...this.#facts].filter(([, { there, wrong }]) => wrong > 0 && (there - wrong) / there < factShareMin)
    return [
      ...pairs.map(([pair]) => pair),
      ...facts.map(([fact, { there, wrong }]) => `${fact}: wrong in ${wrong} of ${there}`),
    ]
  }

  /** A table of the pairs, and what was ignored how often. */
  table(): string {
    const rows = [...this.#pairs]
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([pair, { agree, reported, disagree }]) => {
        const share = (100 * (agree + reported)) / (agree + reported + disagree)
        return `${pair.padEnd(46)} ${String(agree).padStart(6)} ${String(reported).padStart(9)} ${String(disagree).padStart(9)} ${share.toFixed(1).padStart(7)} %`
      })
    const ignored = IGNORED_REASONS.map((reason) => `${String(this.#ignored.get(reason) ?? 0).padStart(6)}  ${reason}`)
    return [`${'pair'.padEnd(46)}  agree  reported  disagree`, ...rows, '', 'ignored:', ...ignored].join('\n')
  }

  /** What disagrees, grouped by pair and fact, with the first examples of each. */
  details(examples = 2): string {
    const groups = Map.groupBy(
      this.#details,
      ({ comparison, difference }) => `${keyOf(comparison)}: ${difference.fact}`,
    )
    return [...groups]
      .toSorted(([, a], [, b]) => b.length - a.length)
      .map(([group, all]) => [`${group} (${all.length})`, ...all.slice(0, examples).map(exampleOf)].join('\n'))
      .join('\n')
  }

  get compared(): number {
    return [...this.#pairs.values()].reduce(
      (sum, { agree, reported, disagree }) => sum + agree + reported + disagree,
      0,
    )
  }

  #countOf(comparison: Comparison): PairCount {
    const key = keyOf(comparison)
    const known = this.#pairs.get(key) ?? { agree: 0, reported: 0, disagree: 0 }
    this.#pairs.set(key, known)
    return known
  }

  #factOf(key: string): { there: number; wrong: number } {
    const known = this.#facts.get(key) ?? { there: 0, wrong: 0 }
    this.#facts.set(key, known)
    return known
  }
}

interface PairCount {
  agree: number
  reported: number
  disagree: number
}

interface Detail {
  readonly name: string
  readonly comparison: Comparison
  readonly difference: Difference
}

const keyOf = ({ kind, from, to }: { readonly kind: string; readonly from: WireId; readonly to: WireId }): string =>
  `${kind}: ${from} -> ${to}`

const exampleOf = ({ name, difference: { expected, got } }: Detail): string =>
  `    ${name}\n      expected ${brief(expected)}\n      got      ${brief(got)}`

const brief = (value: unknown): string => {
  const text = value === undefined ? '(nothing)' : canonical(value).replace(/\s+/g, ' ')
  return text.length > 400 ? `${text.slice(0, 400)}...` : text
}
