import { describe, expect, test } from 'vitest'
import type { Capabilities } from '../capabilities.ts'
import type { Chat, ToolChoice, Turn } from '../chat.ts'
import { type Asking, fit } from '../fit.ts'

const user: Turn = { role: 'user', blocks: [{ kind: 'text', text: 'Where is it?' }] }
const assistant: Turn = { role: 'assistant', blocks: [{ kind: 'text', text: 'It is' }] }
const system = (text: string): Turn => ({ role: 'system', blocks: [{ kind: 'text', text }] })
const chat = (fields: Partial<Chat> = {}): Chat => ({
  model: 'm',
  stream: false,
  turns: [user],
  tools: [{ kind: 'function', name: 'look' }],
  ...fields,
})
const WHOLE: Asking = { stream: false }

describe('a call that the model cannot be made to make', () => {
  const no: Capabilities = { forcedTool: 'no' }
  const turns = [system('Be brief.'), user, assistant, user]

  test.each<[ToolChoice, ToolChoice, readonly string[] | null, string]>([
    [{ kind: 'required' }, { kind: 'auto' }, null, 'at least one of your tools'],
    [{ kind: 'named', name: 'look' }, { kind: 'auto' }, ['look'], 'this tool: look'],
    [
      { kind: 'allowed', names: ['look', 'go'], required: true },
      { kind: 'allowed', names: ['look', 'go'], required: false },
      ['look', 'go'],
      'at least one of these tools: look, go',
    ],
  ])('%j is asked for in the system prompt, and the caller is told', (toolChoice, chosen, names, text) => {
    const { chat: done, losses, force } = fit(chat({ turns, toolChoice }), no, WHOLE)
    expect(done.toolChoice).toEqual(chosen)
    expect(force).toEqual({ names })
    expect(losses).toMatchObject([{ field: `toolChoice.${toolChoice.kind}`, what: 'emulated' }])
    expect(done.turns.map(({ role }) => role)).toEqual(['system', 'system', 'user', 'assistant', 'user'])
    expect(done.turns[1]?.blocks).toMatchObject([{ kind: 'text', text: expect.stringContaining(text) }])
  })

  test.each<ToolChoice>([{ kind: 'auto' }, { kind: 'none' }, { kind: 'allowed', names: ['look'], required: false }])(
    '%j forces nothing and stays',
    (toolChoice) => {
      expect(fit(chat({ toolChoice }), no, WHOLE)).toEqual({ chat: chat({ toolChoice }), losses: [] })
    },
  )

  test('is forced where the model takes it, or nobody knows', () => {
    const asked = chat({ toolChoice: { kind: 'required' } })
    expect(fit(asked, { forcedTool: 'yes' }, WHOLE).chat).toEqual(asked)
    expect(fit(asked, {}, WHOLE).chat).toEqual(asked)
  })

  test('is asked for only within a budget where that is what forbids it', () => {
    const asked = chat({ toolChoice: { kind: 'required' }, reasoning: { mode: { budgetTokens: 2_000 } } })
    expect(fit(asked, { forcedTool: 'not-with-budget' }, WHOLE).force).toEqual({ names: null })
    const off = chat({ toolChoice: { kind: 'required' }, reasoning: { mode: 'off' } })
    expect(fit(off, { forcedTool: 'not-with-budget' }, WHOLE).force).toBeUndefined()
  })

  test('leaves a longer history beginning with the shorter one', () => {
    const toolChoice: ToolChoice = { kind: 'required' }
    const short = fit(chat({ turns: turns.slice(0, 2), toolChoice }), no, WHOLE).chat.turns
    const long = fit(chat({ turns, toolChoice }), no, WHOLE).chat.turns
    expect(long.slice(0, short.length)).toEqual(short)
  })

  test('is asked for even when nothing but a system prompt was said', () => {
    const asked = chat({ turns: [system('Be brief.')], toolChoice: { kind: 'required' } })
    expect(fit(asked, no, WHOLE).chat.turns).toHaveLength(2)
  })
})
