import type { IncomingHttpHeaders } from 'node:http'
import { Fault } from '../../core/fault.ts'

export interface Reach {
  /** `loopback`: only callers on this machine, a proxy on it included. `anywhere`: whoever reaches the port; have TLS before it. */
  readonly reach: 'loopback' | 'anywhere'
  /** Host names under which a proxy on this machine may pass requests on, beside the machine's own. */
  readonly hosts: readonly string[]
}

/** What is looked at of a request. */
interface Approach {
  readonly headers: IncomingHttpHeaders
  readonly socket: { readonly remoteAddress?: string | undefined; readonly localAddress?: string | undefined }
}

/**
 * Why a request may not come near the control plane, whatever it carries, or `undefined`. Programs have no reason to send what
 * is refused here: it is a browser that was lured, by a page of another site or by a name that points to this machine.
 */
export function guard({ headers, socket }: Approach, { reach, hosts }: Reach): Fault | undefined {
  if (reach === 'loopback' && !isLoopback(socket.remoteAddress ?? '')) {
    return forbidden('The control plane answers on its own machine only', 'remote')
  }
  const host = headers.host ?? ''
  const name = hostName(host)
  if (isLoopback(socket.localAddress ?? '') && !isLoopback(name) && !isLocalName(name) && !hosts.includes(name)) {
    return forbidden('The control plane is not served under this host name', 'host')
  }
  const { origin } = headers
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    return forbidden('The control plane takes no requests from other sites', 'origin')
  }
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return forbidden('The control plane takes no requests from other sites', 'site')
  }
  return undefined
}

/** An address as people write it, without the prefix that an IPv6 socket puts before an IPv4 one. */
export const plainAddress = (address: string | undefined): string | null =>
  address?.replace(/^::ffff:(?=\d+\.)/, '') ?? null

const isLoopback = (address: string): boolean => /^(::ffff:)?127\.\d+\.\d+\.\d+$|^(::1|\[::1\])$/.test(address)

const isLocalName = (name: string): boolean => name === 'localhost' || name.endsWith('.localhost')

/** Without the port and in small letters. */
const hostName = (host: string): string => host.replace(/:\d*$/, '').toLowerCase()

const forbidden = (message: string, reason: string) => new Fault('forbidden', message, { reason })
