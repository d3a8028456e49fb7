import { startGateway, type Gateway } from '../kit/gateway.ts'
import { startWireVendor, type WireVendor } from '../kit/wire-vendor.ts'
import type { SdkClient } from './client.ts'
import { configFor, type Column } from './columns.ts'
import type { Stage } from './scenarios.ts'

/** One gateway with one simulated vendor behind it, for every cell of the matrix. */
export interface MatrixStage {
  readonly gateway: Gateway
  readonly vendor: WireVendor
  readonly on: (client: SdkClient, column: Column) => Stage
  readonly close: () => Promise<void>
}

export async function startMatrixStage(): Promise<MatrixStage> {
  const vendor = await startWireVendor()
  const gateway = await startGateway({
    config: configFor(vendor.url),
    env: { VENDOR_KEY: 'key-of-the-gateway' },
  }).catch(async (error: unknown) => {
    await vendor.close()
    throw error
  })
  const key = await gateway.anyModelKey()
  return {
    gateway,
    vendor,
    on: (client, column) => ({
      client,
      vendor,
      model: column,
      session: client.open({ root: gateway.url, key, model: column.model, thinking: column.thinking }),
    }),
    close: async () => {
      await gateway.dispose()
      await vendor.close()
    },
  }
}
