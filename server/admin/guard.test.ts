import { expect, test } from 'vitest'
import { guard } from './guard.ts'

const loopback = { remoteAddress: '127.0.0.1', localAddress: '127.0.0.1' }
const open = { reach: 'anywhere', hosts: [] } as const
const closed = { reach: 'loopback', hosts: ['gateway.example'] } as const

test.each([
  'localhost',
  'localhost:4100',
  'LOCALHOST:4100',
  '127.0.0.1:4100',
  '127.8.8.8',
  '[::1]:4100',
  'sekisho.localhost:4100',
  'gateway.example',
])('on loopback the host %s is served', (host) =>
  expect(guard({ headers: { host }, socket: loopback }, closed)).toBeUndefined(),
)

test.each([
  'evil.example',
  'localhost.evil.example:4100',
  '127.0.0.1.evil.example',
  'evil-localhost',
  '192.168.1.5:4100',
  '[fe80::1]:4100',
  '',
  '127.0.0.1@evil.example',
])('on loopback the host %j is a name that points here from elsewhere, and refused', (host) => {
  expect(guard({ headers: { host }, socket: loopback }, open)).toMatchObject({ code: 'forbidden', reason: 'host' })
  expect(guard({ headers: { host }, socket: { ...loopback, localAddress: '::ffff:127.0.0.1' } }, open)).toMatchObject({
    reason: 'host',
  })
})

test.each([
  ['127.0.0.1', undefined],
  ['::1', undefined],
  ['::ffff:127.0.0.1', undefined],
  ['10.0.0.7', 'remote'],
  ['::ffff:10.0.0.7', 'remote'],
  ['fe80::1', 'remote'],
  [undefined, 'remote'],
])('a caller at %s, when only this machine is served: %s', (remoteAddress, reason) => {
  const socket = { remoteAddress, localAddress: '127.0.0.1' }
  expect(guard({ headers: { host: 'localhost' }, socket }, closed)?.reason).toBe(reason)
})

test('when the operator opens it, callers from elsewhere and any host name are served', () => {
  const socket = { remoteAddress: '10.0.0.7', localAddress: '10.0.0.1' }
  expect(guard({ headers: { host: 'gateway.example:4100' }, socket }, open)).toBeUndefined()
})

test.each([
  [{ origin: 'http://localhost:4100' }, undefined],
  [{ origin: 'https://localhost:4100' }, undefined],
  [{ 'sec-fetch-site': 'same-origin' }, undefined],
  [{ 'sec-fetch-site': 'none' }, undefined],
  [{ origin: 'http://localhost:3000' }, 'origin'],
  [{ origin: 'http://localhost:4100.evil.example' }, 'origin'],
  [{ origin: 'null' }, 'origin'],
  [{ 'sec-fetch-site': 'same-site' }, 'site'],
  [{ 'sec-fetch-site': 'cross-site' }, 'site'],
])('a request with %j: %s', (headers, reason) => {
  expect(guard({ headers: { host: 'localhost:4100', ...headers }, socket: loopback }, open)?.reason).toBe(reason)
})
