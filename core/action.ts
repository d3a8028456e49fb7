import type { z } from 'zod'
import { type Right, RIGHTS } from './rights.ts'

/**
 * Who may call an action. `setup`: the holder of the one-time setup token; `operator`: who may do everything in this installation; else whoever
 * has the right in the organisation that the call is for.
 */
export type Permission = 'setup' | 'operator' | Right

export const PERMISSIONS: readonly Permission[] = ['setup', 'operator', ...RIGHTS]

/**
 * One thing that an operator can do, declared once: the HTTP route, OpenAPI, the CLI command and the audit line follow from it.
 * The body lives in `server/admin/`, so that a declaration can be read by a browser too.
 */
export interface Action<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  /** `noun.verb`: the name in OpenAPI, in the audit log, and as a command (`sekisho keys create`). */
  readonly name: string
  readonly method: 'GET' | 'POST'
  /** Under `/api`, with `:name` for what the input gives in the path. */
  readonly path: string
  readonly permission: Permission
  /** One sentence for the operator. */
  readonly summary: string
  /** Unknown fields are refused. From the path, the query (GET) and the JSON body (POST) together. */
  readonly input: Input
  readonly output: Output
  /**
   * Whether its body shows and does only what is within the caller's reach: then a right in one team, in one project or to one's own is enough
   * to call it. Without this the right must reach the whole organisation.
   */
  readonly narrows?: true
  /** Its answer is lines of text as they are found, however many, and no JSON object; `output` says nothing of them. Never of one that changes anything. */
  readonly streams?: true
  /** Whether it changes anything: then it runs in a transaction with its audit line. */
  readonly changes: boolean
  /** Fields of the output that are shown this once and kept nowhere: left out of the audit line. */
  readonly secretOutput?: readonly string[]
}

/** Keeps the exact types of a declaration. */
export const action = <Input extends z.ZodType, Output extends z.ZodType>(declared: Action<Input, Output>) => declared
