import { calledIn, geminiComplaints, modelRules } from './wire-vendor-gemini.ts'
import { Node } from './wire-vendor-check.ts'
import type { VendorRequest } from './wire-vendor-state.ts'

const DIMENSIONS = 8

/** Answers `embedContent` and `batchEmbedContents`: a vector that depends on the text alone. */
export function embed(request: VendorRequest): object {
  const { model, method } = calledIn(request.path)
  modelRules(model, method)
  const body = new Node(request.body, [], geminiComplaints)
  if (method === 'embedContent') return { embedding: { values: vectorOf(body) } }
  const requests = body.object(['requests']).at('requests').list()
  for (const one of requests) one.at('model').oneOf([`models/${model}`])
  return { embeddings: requests.map((one) => ({ values: vectorOf(one) })) }
}

function vectorOf(node: Node): readonly number[] {
  node.object(['model', 'content', 'taskType', 'title', 'outputDimensionality', 'embedContentConfig'])
  const parts = node.at('content').object(['role', 'parts']).at('parts').list()
  const text = parts.map((part) => part.object(['text']).at('text').text()).join('')
  const length = node.at('outputDimensionality').isThere ? node.at('outputDimensionality').integer() : DIMENSIONS
  return Array.from({ length }, (_, index) => ((text.charCodeAt(index % Math.max(1, text.length)) || 1) % 16) / 16)
}
