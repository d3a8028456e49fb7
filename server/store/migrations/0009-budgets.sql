-- How much money each organisation, team, project, user and key may spend, and what of it is spent.

create table budgets (
  id text primary key,
  organisation_id text not null references organisations,
  scope text not null check (scope in ('organisation', 'team', 'project', 'user', 'key')),
  subject_id text not null,
  amount_nano bigint not null check (amount_nano >= 0),
  period text not null check (period in ('hour', 'day', 'week', 'month', 'total')),
  -- Whether the period is the last hours or days at any moment, or what the calendar says. Null for a total.
  window_kind text check (window_kind in ('calendar', 'rolling')),
  -- Of the calendar.
  time_zone text,
  -- Patterns of the models of which it pays; null: all of them.
  models text[],
  mode text not null check (mode in ('enforce', 'observe')),
  thresholds integer[] not null,
  -- What is done about a model whose price nobody knows.
  unpriced text not null check (unpriced in ('block', 'ceiling', 'allow')),
  ceiling_nano bigint check (ceiling_nano >= 0),
  created_at timestamptz not null,
  removed_at timestamptz,
  unique (organisation_id, id),
  check ((period = 'total') = (window_kind is null)),
  check ((window_kind = 'calendar') = (time_zone is not null) or window_kind is null),
  check ((unpriced = 'ceiling') = (ceiling_nano is not null))
);
create index budgets_newest on budgets (organisation_id, created_at desc, id desc);
create index budgets_of_subject on budgets (scope, subject_id) where removed_at is null;

-- What was spent in each step of a period: of a calendar period its whole, of a rolling one a sixtieth. Added to in the transaction that inserts
-- a usage row, and only if it was new, so that it is the sum of what was booked, exactly.
create table budget_spend (
  budget_id text not null references budgets,
  step_start timestamptz not null,
  spent_nano numeric not null,
  primary key (budget_id, step_start)
);

create trigger budgets_notify after insert or update on budgets
  for each statement execute function allowances_notify();

alter table budgets enable row level security;
alter table budgets force row level security;
create policy tenant on budgets using (organisation_id = (select tenant()) or (select tenant()) = '*');
alter table budget_spend enable row level security;
alter table budget_spend force row level security;
create policy tenant on budget_spend
  using ((select tenant()) = '*' or exists (select from budgets where budgets.id = budget_spend.budget_id));

grant select, insert, update on budgets, budget_spend to sekisho_server;
