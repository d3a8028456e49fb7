import * as z from 'zod'

/** Whether this is an address or a range of addresses: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`. */
export const isIpRange = (text: string): boolean => SHAPES.some((shape) => shape.safeParse(text).success)

const SHAPES = [z.ipv4(), z.cidrv4(), z.ipv6(), z.cidrv6()]
