import type { Balancer } from '../route.ts'

/** Always the first member, and the next one only when it fails: a preferred target and its stand-ins. */
export const inOrder: Balancer = (members) => members
