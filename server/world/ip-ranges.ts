import { BlockList, isIP } from 'node:net'
import { isIpRange } from '../../core/ip-range.ts'

/**
 * Whether `address` (of the other end of a connection) is in one of these. A mapped IPv4 address (`::ffff:192.0.2.7`) counts as what it stands for.
 * The ranges are compiled once for each list, so hand in the same list again.
 */
export function isWithin(address: string | undefined, ranges: readonly string[]): boolean {
  if (address === undefined) return false
  const plain = address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address
  const family = isIP(plain)
  return family !== 0 && compiled(ranges).check(plain, family === 4 ? 'ipv4' : 'ipv6')
}

/** Goes with the list that it was made of. */
const LISTS = new WeakMap<readonly string[], BlockList>()

function compiled(ranges: readonly string[]): BlockList {
  const known = LISTS.get(ranges)
  if (known !== undefined) return known
  const list = new BlockList()
  for (const range of ranges.filter((one) => isIpRange(one))) {
    const [address = '', bits] = range.split('/')
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6'
    list.addSubnet(address, bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits), family)
  }
  LISTS.set(ranges, list)
  return list
}
