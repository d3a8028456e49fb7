import type { Action } from '../core/action.ts'
import { actions } from '../core/admin/index.ts'
import { inputFields } from '../core/admin/input-fields.ts'

/** `docs/api.md`: every action with its route, its command and what it takes, from the declarations themselves. */
export const apiReference = (): string => `${[HEAD, ...actions.map(section)].join('\n\n')}\n`

const HEAD = `# Admin API reference

<!-- Made by npm run reference from core/admin. -->

Everything that an operator can do, as an HTTP route and as a command. A running gateway serves the same, with the shapes of all answers, as
OpenAPI at \`/api/openapi.json\`. Calls carry \`authorization: Bearer <service token>\`; the first one of all carries the setup token. A GET takes
its input as a query, a POST as a JSON body; unknown fields are refused. Lists come in pages: \`next\` of an answer is the \`cursor\` of the
next call. A refusal is \`{"error": {"code", "message", "requestId"}}\`, with \`field\` where one is wrong.`

function section({ name, method, path, summary, input, changes }: Action): string {
  const fields = inputFields(input)
  const rows = fields.map(({ name: field, kind, required, description, choices, fallback }) => {
    const takes = choices?.map((choice) => `\`${choice}\``).join(', ') ?? kind
    const presence = required ? 'needed' : fallback === undefined ? 'optional' : `\`${fallback}\``
    return `| \`${field}\` | ${takes} | ${presence} | ${description.replaceAll('|', '\\|')} |`
  })
  const table =
    rows.length === 0
      ? []
      : [['| input | takes | default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n')]
  const audited = changes ? ' Leaves a line in the audit log.' : ''
  const command = `sekisho ${name.replace('.', ' ')}`
  return [`## ${name}`, `\`${method} /api${path}\`, \`${command}\``, `${summary}${audited}`, ...table].join('\n\n')
}
