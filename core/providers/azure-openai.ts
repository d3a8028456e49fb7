import { type PathAsked, type ProviderKind, type ProviderOptions, usualPath } from '../provider.ts'

/**
 * Azure OpenAI. Source: Microsoft Learn, "Azure OpenAI in Azure AI Foundry Models REST API reference" (data plane) for both
 * path styles and the `api-key` header. A model is called by the name of its deployment, so the operator lists those.
 */
export const azureOpenai: ProviderKind = {
  id: 'azure-openai',
  label: 'Azure OpenAI',
  wires: ['openai-chat', 'openai-responses'],
  operations: ['chat', 'completions', 'embeddings'],
  baseUrl: null,
  path: azurePath,
  auth: (credential) => ['api-key', credential],
  credentialRequired: true,
  operatorNamesModels: true,
  stream: { usage: 'asked', done: true },
  usage: 'openai',
  dialect: { outputLimitField: 'max_completion_tokens', laterSystem: true },
  environment: {},
  spendLimitCodes: ['insufficient_quota'],
}

/** The responses endpoint has no deployments path: there the model stands in the body. */
function azurePath(asked: PathAsked, { pathStyle = 'v1', apiVersion }: ProviderOptions): string {
  const version = apiVersion === undefined ? '' : `?api-version=${encodeURIComponent(apiVersion)}`
  const deployments = pathStyle === 'deployments' && asked.wire === 'openai-chat'
  const base = deployments ? `/openai/deployments/${encodeURIComponent(asked.model)}` : '/openai/v1'
  return base + usualPath(asked) + version
}
