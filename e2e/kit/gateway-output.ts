/** What the gateway prints at its start, as far as it has printed it. */
export interface Printed {
  /** `http://127.0.0.1:4100`, without a slash at the end. */
  readonly address: string | undefined
  readonly setupToken: string | undefined
  /** The first virtual key. */
  readonly key: string | undefined
}

/** Finds address, setup token and key in what was printed. An address that stands in the configuration is a vendor's, not ours. */
export function readPrinted(text: string, configuration: string): Printed {
  const addresses = [...text.matchAll(/https?:\/\/(?:\[[0-9a-f:]+\]|[\w.-]+):\d+/g)].map(([address]) => address)
  return {
    address: addresses.find((address) => !configuration.includes(address)),
    setupToken: /\bsetup_[0-9A-Za-z_]{20,}/.exec(text)?.[0],
    key: /\bsek_[0-9A-Za-z_]{20,}/.exec(text)?.[0],
  }
}

/** Metrics as Prometheus reads them. */
export interface Metrics {
  readonly text: string
  /** The sum of all samples of this name that have these labels; `undefined` when there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined
}

export function readMetrics(text: string): Metrics {
  const samples = text
    .split('\n')
    .map((line) => /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line))
    .filter((match) => match !== null)
    .map(([, name, labels = '', value]) => ({ name, labels: labelsOf(labels), value: Number(value) }))
  return {
    text,
    value(name, wanted = {}) {
      const found = samples.filter(
        (sample) =>
          sample.name === name && Object.entries(wanted).every(([label, value]) => sample.labels.get(label) === value),
      )
      return found.length === 0 ? undefined : found.reduce((sum, sample) => sum + sample.value, 0)
    },
  }
}

const labelsOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    [...text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', value = '']) => [
      name,
      value.replace(/\\(.)/g, '$1'),
    ]),
  )
