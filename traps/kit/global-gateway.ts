import type { TestProject } from 'vitest/node'
import { closedPort } from '../../e2e/kit/fault-vendor.ts'
import { type Gateway, startGateway } from '../../e2e/kit/gateway.ts'

/** What the tests are told of the gateway that runs for all of them. */
export interface TrapGateway {
  /** Where it listens. */
  readonly url: string
  /** A key for every model. */
  readonly key: string
  readonly dataDir: string
  /** Where it looks for its vendor: each file starts one there, on its own terms. */
  readonly vendorPort: number
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly trapGateway: TrapGateway
  }
}

const running: { gateway?: Gateway } = {}

/** Starts one gateway for all files: it takes longer than all their tests together. */
export async function setup({ provide }: TestProject): Promise<void> {
  const vendorPort = await closedPort()
  const gateway = await startGateway({
    env: { TRAP_CREDENTIAL: 'sk-vendor-traps' },
    config: { providers: providersAt(`http://127.0.0.1:${vendorPort}`) },
  })
  running.gateway = gateway
  const key = await gateway.anyModelKey()
  provide('trapGateway', { url: gateway.url, key, dataDir: gateway.dataDir, vendorPort })
}

export async function teardown(): Promise<void> {
  await running.gateway?.dispose()
}

/** One provider for each wire, all of them the same vendor. */
function providersAt(root: string) {
  const common = { credential: '${TRAP_CREDENTIAL}', models: ['m-1'] }
  return {
    'openai-chat': { ...common, kind: 'openai-compatible', baseUrl: `${root}/v1` },
    'openai-responses': {
      ...common,
      kind: 'openai-compatible',
      baseUrl: `${root}/v1`,
      wires: ['openai-responses'],
    },
    anthropic: { ...common, kind: 'anthropic', baseUrl: `${root}/v1` },
    gemini: { ...common, kind: 'gemini', baseUrl: `${root}/v1beta` },
  }
}
