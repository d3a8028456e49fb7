import type { Balancer } from '../route.ts'

/** Each turn begins one member further on, so that all are first equally often; the others follow in their order. */
export const roundRobin: Balancer = (members, turn) => {
  const start = turn % members.length
  return start === 0 || members.length === 0 ? members : [...members.slice(start), ...members.slice(0, start)]
}
