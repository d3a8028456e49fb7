import type { Account } from './account.ts'
import type { AttemptRun } from './attempt-run.ts'
import type { KeptAnswer } from './world/idempotency.ts'

/**
 * Sends what ends a request once the end of its claim is stored, so that whoever has read it and asks again finds it: at once for a request without
 * an idempotency key. `answer` is what is kept; `undefined` where there is no whole one.
 */
export function afterClaim(
  { account, run }: { readonly account: Account; readonly run: AttemptRun },
  answer: KeptAnswer | undefined,
  send: () => void,
): void {
  const over = answer === undefined ? account.endClaim() : account.claim?.keep(answer)
  if (over === undefined) return send()
  over.then(send).catch((error: unknown) => run.unsent(error))
}
