import type { LoadCommand } from './load.ts'

/** One kind of load, measured for every server in turn. */
export interface Scenario {
  readonly name: string
  /** What a unit of work is: the CPU time of a run is divided by the number of them. */
  readonly unit: 'request' | 'event'
  readonly load: (server: { readonly port: number; readonly key: string }) => LoadCommand
}

const filler = 'Write a short answer to this. '.repeat(32).slice(0, 900)
const body = (fields: object) =>
  JSON.stringify({ model: 'bench', messages: [{ role: 'user', content: filler }], ...fields })

/** About one kilobyte in, half a kilobyte out, as fast as 32 connections go. */
export const saturated: Scenario = {
  name: '1 KB request, 32 connections, as fast as it goes',
  unit: 'request',
  load: (server) => ({ ...server, body: body({}), connections: 32, seconds: 4 }),
}

/** The same at a rate that leaves the processor mostly idle: what a caller waits. */
export const calm: Scenario = {
  name: '1 KB request, 500 a second',
  unit: 'request',
  load: (server) => ({ ...server, body: body({}), connections: 32, seconds: 4, rate: 500 }),
}

/** 512 events at once on 8 connections. */
export const burst: Scenario = {
  name: 'stream of 512 events at once, 8 connections',
  unit: 'event',
  load: (server) => ({ ...server, body: body({ stream: true, bench: 'burst' }), connections: 8, seconds: 4 }),
}

/** One event every 20 ms on 100 connections: each arrives alone. */
export const paced: Scenario = {
  name: 'stream of 64 events, one each 20 ms, 100 connections',
  unit: 'event',
  load: (server) => ({ ...server, body: body({ stream: true, bench: 'paced' }), connections: 100, seconds: 4 }),
}

/** 100 KB in one message. */
export const large: Scenario = {
  name: '100 KB request, 16 connections',
  unit: 'request',
  load: (server) => ({
    ...server,
    body: JSON.stringify({
      model: 'bench',
      messages: [{ role: 'user', content: 'A picture is worth it. '.repeat(4_400) }],
    }),
    connections: 16,
    seconds: 4,
  }),
}

/** A thousand streams that stay open, ten events a second each: what they weigh. */
export const thousand: Scenario = {
  name: '1,000 open streams, 10 events a second each',
  unit: 'event',
  load: (server) => ({
    ...server,
    body: body({ stream: true, bench: 'open' }),
    connections: 1_000,
    seconds: 8,
    hold: true,
  }),
}
