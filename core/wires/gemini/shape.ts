/** A field that Gemini knows: its name in camelCase, and what stands in it as far as that is Gemini's and not the client's data. */
export interface KnownField {
  readonly name: string
  /** A list; a single object that stands for a list of one is taken too, because the vendor's own documentation writes it so. */
  readonly list: boolean
  readonly of: Shape | undefined
}

/** The fields of an object by both of their spellings. */
export type Shape = ReadonlyMap<string, KnownField>

/** The snake_case spelling of a field: the other name that every Google API takes for it. */
export const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/**
 * A request's fields of more than one word, and those that lead to them. Arguments, results, schemas and labels are the client's own
 * data and not listed: nothing in them is a spelling of ours.
 */
export const requestShape = (): Shape => REQUEST

/** The same for `countTokens`, which takes a whole request inside of it. */
export const countTokensShape = (): Shape => COUNT_TOKENS

const NAMES = (text: string) => Object.fromEntries(text.split(' ').map((name) => [name, {}]))

const BLOB = shape(NAMES('mimeType displayName'))
const FILE = shape(NAMES('mimeType fileUri displayName'))
const RESULT_PART = shape({ inlineData: { of: BLOB }, fileData: { of: FILE } })
const CALL = shape({
  partialArgs: { list: true, of: shape(NAMES('jsonPath stringValue numberValue boolValue nullValue willContinue')) },
  willContinue: {},
})
const PART = shape({
  inlineData: { of: BLOB },
  fileData: { of: FILE },
  functionCall: { of: CALL },
  functionResponse: { of: shape({ parts: { list: true, of: RESULT_PART }, willContinue: {} }) },
  videoMetadata: { of: shape(NAMES('startOffset endOffset')) },
  ...NAMES('executableCode codeExecutionResult thoughtSignature mediaResolution toolCall toolResponse partMetadata'),
})
const CONTENT = shape({ parts: { list: true, of: PART } })
const DECLARATION = shape(NAMES('parametersJsonSchema responseJsonSchema'))
const TOOL = shape({
  functionDeclarations: { list: true, of: DECLARATION },
  ...NAMES('googleSearch googleSearchRetrieval codeExecution urlContext googleMaps computerUse fileSearch mcpServers'),
  ...NAMES('enterpriseWebSearch'),
})
const TOOL_CONFIG = shape({
  functionCallingConfig: { of: shape(NAMES('allowedFunctionNames streamFunctionCallArguments')) },
  ...NAMES('retrievalConfig includeServerSideToolInvocations'),
})
const GENERATION_CONFIG = shape({
  thinkingConfig: { of: shape(NAMES('includeThoughts thinkingBudget thinkingLevel')) },
  ...NAMES('topP topK candidateCount maxOutputTokens stopSequences responseMimeType responseSchema responseJsonSchema'),
  ...NAMES('responseFormat responseLogprobs presencePenalty frequencyPenalty speechConfig mediaResolution imageConfig'),
  ...NAMES('responseModalities enableEnhancedCivicAnswers audioTimestamp routingConfig modelSelectionConfig'),
})
const REQUEST = shape({
  contents: { list: true, of: CONTENT },
  systemInstruction: { of: CONTENT },
  tools: { list: true, of: TOOL },
  toolConfig: { of: TOOL_CONFIG },
  generationConfig: { of: GENERATION_CONFIG },
  ...NAMES('safetySettings cachedContent serviceTier continuationToken'),
})
const COUNT_TOKENS = shape({
  contents: { list: true, of: CONTENT },
  systemInstruction: { of: CONTENT },
  tools: { list: true, of: TOOL },
  generationConfig: { of: GENERATION_CONFIG },
  generateContentRequest: { of: REQUEST },
})

function shape(fields: { readonly [name: string]: Partial<Omit<KnownField, 'name'>> }): Shape {
  const known = new Map<string, KnownField>()
  for (const [name, { list = false, of }] of Object.entries(fields)) {
    known.set(name, { name, list, of }).set(snakeCase(name), { name, list, of })
  }
  return known
}
