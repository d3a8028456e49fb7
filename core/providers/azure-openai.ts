import type { Operation } from '../operation.ts'
import { OPENAI_PATHS, type ProviderKind, type ProviderOptions } from '../provider.ts'

/**
 * Azure OpenAI. Source: Microsoft Learn, "Azure OpenAI in Azure AI Foundry Models REST API reference" (data plane) for both
 * path styles and the `api-key` header. A model is called by the name of its deployment, so the operator lists those.
 */
export const azureOpenai: ProviderKind = {
  id: 'azure-openai',
  label: 'Azure OpenAI',
  wire: 'openai',
  operations: ['chat', 'completions', 'embeddings'],
  baseUrl: null,
  path: azurePath,
  auth: (credential) => ['api-key', credential],
  credentialRequired: true,
  operatorNamesModels: true,
  stream: { usage: 'asked', done: true },
  usage: 'openai',
  environment: {},
  spendLimitCodes: ['insufficient_quota'],
}

function azurePath(operation: Operation, model: string, { pathStyle = 'v1', apiVersion }: ProviderOptions): string {
  const version = apiVersion === undefined ? '' : `?api-version=${encodeURIComponent(apiVersion)}`
  const base = pathStyle === 'v1' ? '/openai/v1' : `/openai/deployments/${encodeURIComponent(model)}`
  return base + OPENAI_PATHS[operation] + version
}
