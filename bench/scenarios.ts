import type { LoadCommand } from './load.ts'

/** One kind of load, measured for every server in turn. */
export interface Scenario {
  readonly name: string
  /** What a unit of work is: the CPU time of a run is divided by the number of them. */
  readonly unit: 'request' | 'event'
  readonly load: (server: Addressed) => LoadCommand
  /** Whether it is also asked in another format than the upstream's, so that the gateway translates. */
  readonly translated?: true
  /** Whether it is also asked with a key that has limits and budgets. */
  readonly bound?: true
}

/** Whom a load is for, and in whose format it asks. */
export interface Addressed {
  readonly port: number
  readonly key: string
  readonly wire: 'openai' | 'anthropic'
}

const filler = 'Write a short answer to this. '.repeat(32).slice(0, 900)

const command = (
  { wire, ...server }: Addressed,
  {
    text,
    stream = false,
    ...load
  }: Omit<LoadCommand, 'port' | 'key' | 'body' | 'path'> & { text: string; stream?: boolean },
): LoadCommand => ({
  ...server,
  ...load,
  path: wire === 'openai' ? '/v1/chat/completions' : '/anthropic/v1/messages',
  body: JSON.stringify({
    model: 'bench',
    messages: [{ role: 'user', content: text }],
    ...(wire === 'openai' ? {} : { max_tokens: 1_000 }),
    ...(stream ? { stream } : {}),
  }),
})

/** About one kilobyte in, half a kilobyte out, as fast as 32 connections go. */
export const saturated: Scenario = {
  name: '1 KB request, 32 connections, as fast as it goes',
  unit: 'request',
  load: (server) => command(server, { text: filler, connections: 32, seconds: 4 }),
  translated: true,
  bound: true,
}

/** The same at a rate that leaves the processor mostly idle: what a caller waits. */
export const calm: Scenario = {
  name: '1 KB request, 500 a second',
  unit: 'request',
  load: (server) => command(server, { text: filler, connections: 32, seconds: 4, rate: 500 }),
}

/** 512 events at once on 8 connections. */
export const burst: Scenario = {
  name: 'stream of 512 events at once, 8 connections',
  unit: 'event',
  load: (server) => command(server, { text: 'bench=burst', stream: true, connections: 8, seconds: 4 }),
  translated: true,
}

/** One event every 20 ms on 100 connections: each arrives alone. */
export const paced: Scenario = {
  name: 'stream of 64 events, one each 20 ms, 100 connections',
  unit: 'event',
  load: (server) => command(server, { text: 'bench=paced', stream: true, connections: 100, seconds: 4 }),
}

/** 100 KB in one message. */
export const large: Scenario = {
  name: '100 KB request, 16 connections',
  unit: 'request',
  load: (server) => command(server, { text: 'A picture is worth it. '.repeat(4_400), connections: 16, seconds: 4 }),
  translated: true,
}

/** A megabyte in one message, one at a time: how long does it hold up everybody else. */
export const megabyte: Scenario = {
  name: '1 MB request, translated, 2 connections',
  unit: 'request',
  load: (server) => command(server, { text: 'A picture is worth it. '.repeat(45_000), connections: 2, seconds: 12 }),
}

/** A thousand streams that stay open, ten events a second each: what they weigh. */
export const thousand: Scenario = {
  name: '1,000 open streams, 10 events a second each',
  unit: 'event',
  load: (server) => command(server, { text: 'bench=open', stream: true, connections: 1_000, seconds: 8, hold: true }),
}
