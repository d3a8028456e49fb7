-- How much each organisation, team, project, user and key may do: limits of their own, and plans, which are named bundles of limits.

create table plans (
  id text primary key,
  organisation_id text not null references organisations,
  name text not null,
  created_at timestamptz not null,
  archived_at timestamptz,
  unique (organisation_id, id)
);
create unique index plans_name on plans (organisation_id, lower(name)) where archived_at is null;

create table limits (
  id text primary key,
  organisation_id text not null references organisations,
  -- Of what it is a limit, and which one: of the organisation itself its own id, of a plan the plan's.
  scope text not null check (scope in ('organisation', 'team', 'project', 'user', 'key', 'plan')),
  subject_id text not null,
  measure text not null check (measure in ('requests', 'tokens', 'concurrent')),
  max bigint not null check (max >= 0),
  -- Null for what is open at once.
  per text check (per in ('second', 'minute', 'hour', 'day')),
  -- Patterns of the models that it counts; null: all of them.
  models text[],
  created_at timestamptz not null,
  removed_at timestamptz,
  check ((measure = 'concurrent') = (per is null))
);
create index limits_newest on limits (organisation_id, created_at desc, id desc);
create index limits_of_subject on limits (scope, subject_id) where removed_at is null;

-- Who has which plan: one at most.
create table given_plans (
  organisation_id text not null references organisations,
  scope text not null check (scope in ('organisation', 'team', 'project', 'user', 'key')),
  subject_id text not null,
  plan_id text not null,
  given_at timestamptz not null,
  primary key (organisation_id, scope, subject_id),
  foreign key (organisation_id, plan_id) references plans (organisation_id, id)
);
create index given_plans_of_plan on given_plans (plan_id);

-- Tells every gateway to look now; it carries nothing, because what it would say is read from the tables.
create function allowances_notify() returns trigger language plpgsql as $$
begin
  perform pg_notify('sekisho_allowances', '');
  return null;
end $$;
create trigger plans_notify after insert or update on plans for each statement execute function allowances_notify();
create trigger limits_notify after insert or update on limits for each statement execute function allowances_notify();
create trigger given_plans_notify after insert or update or delete on given_plans
  for each statement execute function allowances_notify();

do $$
declare
  name text;
begin
  foreach name in array array['plans', 'limits', 'given_plans'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format(
      'create policy tenant on %I using (organisation_id = (select tenant()) or (select tenant()) = ''*'')', name
    );
  end loop;
end
$$;

grant select, insert, update on plans, limits to sekisho_server;
grant select, insert, update, delete on given_plans to sekisho_server;
