import type { ProviderKind } from '../provider.ts'

/**
 * Alibaba Cloud Model Studio (DashScope), compatible mode, international address; other regions by `baseUrl`. Source:
 * alibabacloud.com/help/en/model-studio, "OpenAI compatible - Chat" (addresses) and "Error messages" (`Arrearage`, free quota).
 */
export const alibaba: ProviderKind = {
  id: 'alibaba',
  label: 'Alibaba Cloud Model Studio',
  wires: ['openai-chat'],
  operations: ['chat', 'completions', 'embeddings'],
  baseUrl: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
  credentialRequired: true,
  stream: { usage: 'asked', done: true },
  usage: 'openai',
  environment: { credential: 'DASHSCOPE_API_KEY' },
  spendLimitCodes: ['Arrearage', 'AllocationQuota.FreeTierOnly', 'insufficient_quota'],
}
