import type { Client } from 'pg'
import { insertAndSum } from '../server/store/usage-insert.sql.ts'

export interface UsageRowsPlan {
  /** How many rows, spread evenly over the days. */
  readonly rows: number
  /** How many UTC days, the last one included. */
  readonly days: number
  /** `2025-11-21`. */
  readonly lastDay: string
  /** Told after each day: how many rows there are by then. */
  readonly progress?: (rows: number) => void
}

/**
 * Fills the ledger with made-up attempts of three organisations, twenty projects and 5,000 keys, and its daily sums with what they add up
 * to. PostgreSQL makes the rows itself, so that a million takes seconds: the table of a day is filled first and attached with all of its
 * indexes afterwards. The connection is that of the tables' owner. Throws when the sums are not those of the rows.
 */
export async function makeUsageRows(client: Client, { rows, days, lastDay, progress }: UsageRowsPlan): Promise<void> {
  await client.query("SET sekisho.organisation = '*'")
  await client.query(NAMES)
  const last = Date.parse(`${lastDay}T00:00:00Z`)
  for (let at = 0; at < days; at++) {
    const day = new Date(last - (days - 1 - at) * DAY_MS).toISOString().slice(0, 10)
    const until = Math.floor((rows * (at + 1)) / days)
    await makeDay(client, { day, rows: until - Math.floor((rows * at) / days) })
    progress?.(until)
  }
  await client.query('ANALYZE usage, keys')
  await client.query('VACUUM (ANALYZE) usage_daily, usage_daily_keys, usage_daily_models')
  const { rows: unlike } = await client.query(UNLIKE)
  if (unlike.length > 0) throw new Error(`The daily sums are not those of the rows: ${JSON.stringify(unlike)}`)
}

async function makeDay(client: Client, { day, rows }: { readonly day: string; readonly rows: number }): Promise<void> {
  const table = `usage_${day.replaceAll('-', '')}`
  const { rows: found } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [table])
  const isThere = found[0]?.there === true
  const fromMs = Date.parse(`${day}T00:00:00Z`)
  await client.query('BEGIN')
  if (!isThere) await client.query(`CREATE TABLE ${table} (LIKE usage INCLUDING ALL EXCLUDING INDEXES)`)
  await client.query(insertAndSum(rowsOfDay({ table, fromMs, rows })))
  if (!isThere) {
    const [from, to] = [fromMs, fromMs + DAY_MS].map((moment) => new Date(moment).toISOString())
    await client.query(`ALTER TABLE usage ATTACH PARTITION ${table} FOR VALUES FROM ('${from}') TO ('${to}')`)
  }
  await client.query('COMMIT')
  // As autovacuum would leave it.
  await client.query(`VACUUM (ANALYZE) ${table}`)
}

const DAY_MS = 86_400_000
const KEYS = 5_000
const PROJECTS = 20
const TEAMS = 8
const PEOPLE = 1_000
const MODELS = 60
const MODELS_OF_PROVIDER = 5

/** Ids as the gateway makes them: twelve letters and digits. */
const id = (prefix: string, number: string): string =>
  `'${prefix}' || lpad((${number})::text, ${12 - prefix.length}, '0')`
/** Sixty of a hundred keys are of the first organisation, thirty of the second. */
const organisation = (project: string): string =>
  id('org', `CASE WHEN ${project} < 12 THEN 1 WHEN ${project} < 18 THEN 2 ELSE 3 END`)
/** Two projects of an organisation share a team; the last four have none. */
const team = (project: string): string => `CASE WHEN ${project} / 2 < ${TEAMS} THEN ${id('team', `${project} / 2`)} END`

/** Whom the rows are of, so that lists and totals show names. */
const NAMES = `
INSERT INTO organisations (id, name, created_at)
  SELECT ${id('org', 'n')}, 'Made up ' || n, now() FROM generate_series(1, 3) AS n ON CONFLICT DO NOTHING;
INSERT INTO teams (id, organisation_id, name, created_at)
  SELECT ${team('n')}, ${organisation('n')}, 'Team ' || n / 2, now()
  FROM generate_series(0, ${TEAMS * 2 - 1}, 2) AS n ON CONFLICT DO NOTHING;
INSERT INTO projects (id, organisation_id, team_id, name, created_at)
  SELECT ${id('proj', 'n')}, ${organisation('n')}, ${team('n')}, 'Project ' || n, now()
  FROM generate_series(0, ${PROJECTS - 1}) AS n ON CONFLICT DO NOTHING;
INSERT INTO users (id, name, created_at)
  SELECT ${id('user', 'n')}, 'Person ' || n, now() FROM generate_series(0, ${PEOPLE - 1}) AS n ON CONFLICT DO NOTHING;
INSERT INTO keys (id, organisation_id, team_id, project_id, owner_user_id, name, created_at)
  SELECT ${id('key', 'n')}, ${organisation(`(n % ${PROJECTS})`)}, ${team(`(n % ${PROJECTS})`)}, ${id('proj', `n % ${PROJECTS}`)},
    CASE WHEN n % 2 = 0 THEN ${id('user', `n % ${PEOPLE}`)} END, 'Key ' || n, now()
  FROM generate_series(0, ${KEYS - 1}) AS n ON CONFLICT DO NOTHING`

/**
 * Few keys make most of the requests, a key mostly uses one or two models, and 97 of 100 attempts complete. Each draw is a column of a
 * subquery, because it is used more than once.
 */
const rowsOfDay = ({
  table,
  fromMs,
  rows,
}: {
  readonly table: string
  readonly fromMs: number
  readonly rows: number
}): string => `
INSERT INTO ${table} (at, id, cost_nano, input_estimate_tokens, input_tokens, cache_read_tokens, output_tokens, reasoning_tokens, queue_us, gateway_us, first_byte_us, total_us, attempt, http_status, stream,
  priced, request_id, key_id, operation, provider, model_asked, model_sent, model_answered, status, reason, usage_source,
  service_tier, price_version, wire, vendor_wire, losses, reply_id, organisation_id, team_id, project_id, user_id)
SELECT to_timestamp(at_ms / 1000.0), made_id, CASE WHEN used THEN (input * 2 + output * 10) * 1000 END, input + 10,
  CASE WHEN used THEN input - cached END, CASE WHEN used THEN cached END, CASE WHEN used THEN output END,
  CASE WHEN used THEN (output * speed)::bigint END, (speed * 50)::bigint, (80 + speed * 200)::bigint,
  CASE WHEN used THEN (200000 + speed * 900000)::bigint END, (900000 + output * 20000)::bigint,
  CASE WHEN attempt_draw < 0.98 THEN 1 ELSE 2 END, CASE status WHEN 'failed' THEN 529 WHEN 'interrupted' THEN NULL ELSE 200 END,
  speed < 0.8, used, made_id::text, ${id('key', 'key_number')}, 'chat', provider, provider || '/' || model, model, model || '-2025-08-01',
  status, CASE status WHEN 'complete' THEN NULL WHEN 'canceled' THEN 'client_gone' ELSE 'upstream_overloaded' END,
  CASE WHEN used THEN CASE status WHEN 'complete' THEN 'vendor' ELSE 'counted' END END, CASE WHEN used THEN 'default' END,
  provider || '/@2025-08-01#1f2e3d4c', 'openai-chat', CASE WHEN model_number < 15 THEN 'anthropic' END, NULL,
  CASE WHEN used AND model_number = 0 THEN 'resp_' || md5(made_id::text) END,
  ${organisation('project')}, ${team('project')}, ${id('proj', 'project')}, CASE WHEN key_number % 2 = 0 THEN ${id('user', `key_number % ${PEOPLE}`)} END
FROM (
  SELECT drawn.*, key_number % ${PROJECTS} AS project, status <> 'failed' AS used,
    CASE WHEN input > 1500 THEN input / 2 ELSE 0 END AS cached,
    'provider-' || model_number / ${MODELS_OF_PROVIDER} AS provider, 'vendor-model-' || model_number AS model
  FROM (
    SELECT dice.*,
      CASE WHEN model_draw < 0.7 THEN key_number * 7 WHEN model_draw < 0.95 THEN key_number * 7 + 11
        ELSE floor(${MODELS} * model_draw_rare ^ 3)::integer END % ${MODELS} AS model_number,
      CASE WHEN status_draw < 0.97 THEN 'complete' WHEN status_draw < 0.985 THEN 'failed' WHEN status_draw < 0.995 THEN 'canceled'
        WHEN status_draw < 0.999 THEN 'partial' ELSE 'interrupted' END AS status
    FROM (
      SELECT ${fromMs} + floor((n - 1) * ${DAY_MS}.0 / ${rows}) AS at_ms, gen_random_uuid() AS made_id,
        floor(${KEYS} * random() ^ 3)::integer AS key_number, random() AS model_draw, random() AS model_draw_rare,
        random() AS status_draw, random() AS attempt_draw, random() AS speed,
        floor(200 + 4000 * random() ^ 2)::bigint AS input, floor(5 + 900 * random() ^ 2)::bigint AS output
      FROM generate_series(1, ${rows}) AS n
    ) AS dice
  ) AS drawn
) AS chosen`

/** The organisations whose sums are others than those of their rows. */
const UNLIKE = `
SELECT * FROM (
  SELECT organisation_id, count(*) AS attempts, count(*) FILTER (WHERE status = 'complete') AS complete, sum(cost_nano) AS cost_nano,
    sum(input_tokens + cache_read_tokens) AS input_tokens, sum(output_tokens + reasoning_tokens) AS output_tokens
  FROM usage WHERE organisation_id LIKE 'org0%' GROUP BY 1
) AS counted FULL JOIN (
  SELECT organisation_id, sum(attempts) AS attempts, sum(complete) AS complete, sum(cost_nano) AS cost_nano,
    sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens
  FROM usage_daily WHERE organisation_id LIKE 'org0%' GROUP BY 1
) AS summed USING (organisation_id, attempts, complete, cost_nano, input_tokens, output_tokens)
WHERE counted IS NULL OR summed IS NULL`
