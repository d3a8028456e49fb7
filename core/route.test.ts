import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { BALANCERS } from './balancers/index.ts'
import { azureOpenai } from './providers/azure-openai.ts'
import { openai } from './providers/openai.ts'
import type { ProviderKind, ProviderOptions } from './provider.ts'
import { type Node, plan, type Provider, type Route, requestPath, type Target } from './route.ts'

const nodesOf = (count: number): readonly Node[] =>
  Array.from({ length: count }, (_, index) => ({ origin: `http://node-${index}`, basePath: '/v1' }))

const provider = (
  name: string,
  nodes: readonly Node[],
  kind: ProviderKind = openai,
  options: ProviderOptions = {},
): Provider => ({
  name,
  kind,
  nodes,
  authHeader: null,
  account: 'a',
  wires: ['openai-chat'],
  options,
  inFlightMax: 100,
  timeouts: { connectMs: 1, firstByteMs: 1, idleMs: 1, totalMs: 1, clientStallMs: 1 },
})

const target = (name: string, nodes: number): Target => ({
  id: `${name}/m`,
  provider: provider(name, nodesOf(nodes)),
  model: 'm',
  operations: ['chat'],
  capabilities: {},
  outputTokensMax: null,
  prices: [],
})

const route = (order: keyof typeof BALANCERS, ...targets: readonly Target[]): Route => ({
  name: 'fast',
  targets,
  order: BALANCERS[order],
})

const names = (given: Route, turn: number) =>
  plan(given, turn).map(({ target, node }) => `${target.provider.name}@${node.origin.at(-1)}`)

test('one target with one node is one attempt', () => {
  expect(names(route('in-order', target('a', 1)), 7)).toEqual(['a@0'])
})

test('the nodes of a target take turns, and each is tried once', () => {
  const one = route('in-order', target('a', 3))
  expect([0, 1, 2, 3].map((turn) => names(one, turn))).toEqual([
    ['a@0', 'a@1', 'a@2'],
    ['a@1', 'a@2', 'a@0'],
    ['a@2', 'a@0', 'a@1'],
    ['a@0', 'a@1', 'a@2'],
  ])
})

test('in order: the second target comes only after every node of the first', () => {
  expect(names(route('in-order', target('a', 2), target('b', 1)), 2)).toEqual(['a@1', 'a@0', 'b@0'])
})

test('the same target twice is a retry', () => {
  const again = target('a', 1)
  expect(names(route('in-order', again, again), 0)).toEqual(['a@0', 'a@0'])
})

test('round robin over targets and nodes begins everywhere equally often', () => {
  const both = route('round-robin', target('a', 2), target('b', 2))
  const first = Array.from({ length: 8 }, (_, turn) => names(both, turn)[0])
  const count = (name: string) => first.filter((one) => one === name).length
  expect(['a@0', 'a@1', 'b@0', 'b@1'].map(count)).toEqual([2, 2, 2, 2])
})

test('every plan holds every node of every target exactly once, whatever the turn', () => {
  const counts = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 })
  const orders = fc.constantFrom(...(Object.keys(BALANCERS) as (keyof typeof BALANCERS)[]))
  fc.assert(
    fc.property(counts, orders, fc.maxSafeNat(), (nodes, order, turn) => {
      const given = route(order, ...nodes.map((count, index) => target(`t${index}`, count)))
      const expected = nodes.flatMap((count, index) => Array.from({ length: count }, (_, node) => `t${index}@${node}`))
      expect(names(given, turn).toSorted()).toEqual(expected.toSorted())
    }),
  )
})

const ASKED = { operation: 'chat', wire: 'openai-chat', model: 'm', stream: false, batch: false } as const

test('the path of a request stands behind that of the node, as the vendor wants it', () => {
  const node: Node = { origin: 'https://host', basePath: '/api/v1' }
  expect(requestPath(provider('a', [node]), node, { ...ASKED, operation: 'embeddings' })).toBe('/api/v1/embeddings')
  const azure = provider('az', [node], azureOpenai, { pathStyle: 'deployments', apiVersion: '2024-10-21' })
  expect(requestPath(azure, { origin: 'https://host', basePath: '' }, { ...ASKED, model: 'my gpt' })).toBe(
    '/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21',
  )
})
