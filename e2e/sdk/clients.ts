import { anthropic } from './anthropic.ts'
import type { SdkClient } from './client.ts'
import { google } from './google.ts'
import { langchain } from './langchain.ts'
import { openAiChat } from './openai-chat.ts'
import { openAiResponses } from './openai-responses.ts'
import { vercelAi } from './vercel-ai.ts'

/** Every client that is held against the gateway. */
export const clients: readonly SdkClient[] = [
  ...openAiChat,
  ...openAiResponses,
  ...anthropic,
  ...google,
  ...vercelAi,
  ...langchain,
]
