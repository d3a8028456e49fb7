import type { Kysely } from 'kysely'
import type * as z from 'zod'
import type { Action } from '../../core/action.ts'
import type { Access } from '../../core/rights.ts'
import type { Database } from '../store/tables.ts'
import { inputFault } from './input-fault.ts'
import type { Scope } from './permission.ts'
import type { Random } from './secret.ts'

/** Who calls an action, and from where. */
export interface Caller {
  /** `null`: the gateway itself, or the holder of the setup token, who is nobody yet. */
  readonly access: Access | null
  /** Address of the other end of the connection, or `null` for the gateway itself. */
  readonly ip: string | null
  readonly requestId: string
}

/** What the body of an action works with. */
export interface Context extends Scope {
  /** The action's transaction. It sees the rows of `organisation` only, whatever is asked of it. */
  readonly sql: Kysely<Database>
  readonly caller: Caller
  /** Keeps what a change found, for its audit line. */
  readonly found: (before: Fields) => void
  readonly now: Date
  readonly random: Random
}

export interface Fields {
  readonly [field: string]: unknown
}

/** An action with its body, ready to be called with whatever came in. */
export interface Served {
  readonly action: Action
  /** Throws a `bad_request` Fault that names the field. */
  read(raw: unknown): Ready
}

/** The id of the person who calls, where it is one. */
export const userOf = ({ access }: Caller): string | null => (access?.kind === 'user' ? access.id : null)

/** A call whose input is known to be good. */
export type Ready = Whole | Streamed

export interface Whole {
  readonly kind: 'whole'
  readonly input: Fields
  /** The output holds what the declaration says and nothing else, so that no secret slips out with a row. */
  run(context: Context): Promise<Fields>
}

/** An answer that is not held as a whole. */
export interface Streamed {
  readonly kind: 'stream'
  readonly input: Fields
  open(context: Context): Pieces
}

/** Text in pieces, made as they are taken; the context's transaction lasts until the end. */
export interface Pieces {
  /** Media type. */
  readonly type: string
  readonly pieces: AsyncIterable<string>
}

/** Ties a body to its declaration. */
export const served = <Input extends z.ZodObject, Output extends z.ZodObject>(
  action: Action<Input, Output>,
  body: (input: z.output<Input>, context: Context) => Promise<z.input<Output>> | z.input<Output>,
): Served => ({
  action,
  read: (raw) => {
    const input = inputOf(action, raw)
    return { kind: 'whole', input, run: async (context) => action.output.parse(await body(input, context)) }
  },
})

/** The same for one that streams. */
export const streamed = <Input extends z.ZodObject>(
  action: Action<Input> & { readonly streams?: true },
  body: (input: z.output<Input>, context: Context) => Pieces,
): Served => ({
  action,
  read: (raw) => {
    const input = inputOf(action, raw)
    return { kind: 'stream', input, open: (context) => body(input, context) }
  },
})

function inputOf<Input extends z.ZodObject>(action: Action<Input>, raw: unknown): z.output<Input> {
  const { data: input, error } = action.input.safeParse(raw)
  if (error !== undefined) throw inputFault(error)
  return input
}
