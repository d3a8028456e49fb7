import type { Balancer } from '../route.ts'
import { inOrder } from './in-order.ts'
import { roundRobin } from './round-robin.ts'

/** Every way to order targets, by the name that configuration gives it. */
export const BALANCERS = { 'in-order': inOrder, 'round-robin': roundRobin } as const satisfies {
  readonly [name: string]: Balancer
}
