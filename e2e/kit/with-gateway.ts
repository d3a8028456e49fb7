import { afterAll, beforeAll } from 'vitest'
import { startFaultVendor, type FaultVendor } from './fault-vendor.ts'
import { startGateway, type Gateway, type GatewayOptions } from './gateway.ts'
import { waitUntil } from './wait.ts'

/** What the gateway holds for the vendor: it must be seen there and nowhere else. */
export const VENDOR_CREDENTIAL = 'sk-vendor-4f1d0c7e95'

/** Models of the vendor behind the gateway; the second has a slash in its own name. */
export const VENDOR_MODELS = ['m-1', 'org/m-2'] as const

/** A gateway with a fault vendor behind it, besides the built-in one: started before the tests of a file, gone after them. */
export interface GatewayAndVendor {
  readonly gateway: Gateway
  readonly vendor: FaultVendor
}

export interface GatewayAndVendorOptions extends Pick<GatewayOptions, 'args' | 'env'> {
  /** More of the configuration, beside the provider `fault`. */
  readonly config?: { readonly providers?: object; readonly [section: string]: unknown }
  /** Gives the URL of a database of the test. Absent: the embedded one. */
  readonly databaseUrl?: () => Promise<string>
}

/** Call it at the top of a test file; use what it gives inside tests. The vendor is the provider `fault`, of OpenAI's kind. */
export function withGateway({ config, databaseUrl, env, ...options }: GatewayAndVendorOptions = {}): GatewayAndVendor {
  const running: { gateway?: Gateway; vendor?: FaultVendor } = {}
  beforeAll(async () => {
    const vendor = await startFaultVendor()
    running.vendor = vendor
    const fault = { kind: 'openai', baseUrl: vendor.url, credential: '${FAULT_CREDENTIAL}', models: VENDOR_MODELS }
    const gateway = await startGateway({
      ...options,
      config: { ...config, providers: { fault, ...config?.providers } },
      env: { FAULT_CREDENTIAL: VENDOR_CREDENTIAL, ...env },
      ...(databaseUrl === undefined ? {} : { databaseUrl: await databaseUrl() }),
    })
    running.gateway = gateway
    // It says that it is ready a moment before the test sees what it printed.
    await waitUntil('what a first start prints', () => /setup_[^]*sek_/.test(gateway.logs()))
  })
  afterAll(async () => {
    await running.gateway?.dispose()
    await running.vendor?.close()
  })
  return {
    get gateway() {
      return started(running.gateway)
    },
    get vendor() {
      return started(running.vendor)
    },
  }
}

function started<Part>(part: Part | undefined): Part {
  if (part === undefined) throw new Error('what withGateway() gives is there inside tests only')
  return part
}
