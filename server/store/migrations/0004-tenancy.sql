-- Who belongs to whom: organisations with teams and projects, the people and programs that act in them, and a wall between organisations
-- that holds also where a query forgets to ask for one.

-- The organisation that a transaction works for: an id, `*` for the process itself and for operators, or null, which sees nothing.
create function tenant() returns text language sql stable parallel safe
as $$ select nullif(current_setting('sekisho.organisation', true), '') $$;

create table organisations (
  id text primary key,
  name text not null,
  created_at timestamptz not null,
  archived_at timestamptz
);
create unique index organisations_name on organisations (lower(name)) where archived_at is null;

create table teams (
  id text primary key,
  organisation_id text not null references organisations,
  name text not null,
  created_at timestamptz not null,
  archived_at timestamptz,
  unique (organisation_id, id)
);
create unique index teams_name on teams (organisation_id, lower(name)) where archived_at is null;

create table projects (
  id text primary key,
  organisation_id text not null references organisations,
  -- Null: of the organisation itself.
  team_id text,
  name text not null,
  created_at timestamptz not null,
  archived_at timestamptz,
  unique (organisation_id, id),
  foreign key (organisation_id, team_id) references teams (organisation_id, id)
);
create unique index projects_name on projects (organisation_id, lower(name)) where archived_at is null;

-- People. One person may act in several organisations; an operator may do everything everywhere.
alter table administrators rename to users;
alter table users rename column founder to is_founder;
alter index administrators_name rename to users_name;
alter index administrators_one_founder rename to users_one_founder;
alter table users
  add column email text,
  add column is_operator boolean not null default false,
  add column disabled_at timestamptz;
update users set is_operator = true;
create unique index users_email on users (lower(email));

-- Programs that act in one organisation through the admin API.
create table service_accounts (
  id text primary key,
  organisation_id text not null references organisations,
  name text not null,
  created_at timestamptz not null,
  created_by text references users,
  disabled_at timestamptz,
  unique (organisation_id, id)
);
create unique index service_accounts_name on service_accounts (organisation_id, lower(name)) where disabled_at is null;

-- Who has which role where: in a whole organisation, in one team, or in one project.
create table memberships (
  id text primary key,
  organisation_id text not null references organisations,
  team_id text,
  project_id text,
  user_id text references users,
  service_account_id text,
  role text not null check (role in ('owner', 'admin', 'member', 'viewer', 'billing', 'auditor')),
  created_at timestamptz not null,
  created_by text references users,
  check (num_nonnulls(user_id, service_account_id) = 1),
  check (num_nonnulls(team_id, project_id) <= 1),
  foreign key (organisation_id, team_id) references teams (organisation_id, id),
  foreign key (organisation_id, project_id) references projects (organisation_id, id),
  foreign key (organisation_id, service_account_id) references service_accounts (organisation_id, id)
);
create unique index memberships_once on memberships
  (organisation_id, team_id, project_id, user_id, service_account_id) nulls not distinct;
create index memberships_of_user on memberships (user_id);
create index memberships_of_service_account on memberships (service_account_id);

alter table service_tokens
  rename column administrator_id to user_id;
alter table service_tokens
  alter column user_id drop not null,
  -- Both null for a person's token, which is of no organisation.
  add column organisation_id text references organisations,
  add column service_account_id text,
  add check (num_nonnulls(user_id, service_account_id) = 1),
  add check ((organisation_id is null) = (service_account_id is null)),
  add foreign key (organisation_id, service_account_id) references service_accounts (organisation_id, id);

-- What there was before belongs to one organisation, which every installation has.
insert into organisations (id, name, created_at) values ('default00000', 'Default', now());

alter table keys add column organisation_id text references organisations;
update keys set organisation_id = 'default00000';
alter table keys
  alter column organisation_id set not null,
  add column team_id text,
  add column project_id text,
  add column owner_user_id text references users,
  add column owner_service_account_id text,
  add check (num_nonnulls(owner_user_id, owner_service_account_id) <= 1),
  add unique (organisation_id, id),
  add foreign key (organisation_id, team_id) references teams (organisation_id, id),
  add foreign key (organisation_id, project_id) references projects (organisation_id, id),
  add foreign key (organisation_id, owner_service_account_id) references service_accounts (organisation_id, id);
drop index keys_newest;
create index keys_newest on keys (organisation_id, created_at desc, id desc);

create index keys_of_owner on keys (owner_user_id) where owner_user_id is not null;

-- A key works as long as its owner may use models: when that may have changed, the followers of keys must look at it again.
create function owner_mark_keys_changed() returns trigger language plpgsql as $$
begin
  update keys set changed = pg_current_xact_id()
  where owner_user_id = case when tg_table_name = 'users' then to_jsonb(new) ->> 'id'
    else coalesce(to_jsonb(new) ->> 'user_id', to_jsonb(old) ->> 'user_id') end;
  return null;
end $$;
create trigger users_keys_changed after update of disabled_at, is_operator on users
  for each row execute function owner_mark_keys_changed();
create trigger memberships_keys_changed after insert or update or delete on memberships
  for each row execute function owner_mark_keys_changed();

alter table audit rename column administrator_id to user_id;
alter table audit
  add column organisation_id text references organisations,
  add column service_account_id text references service_accounts,
  -- What it was like before the change; null where nothing was there or the action does not say.
  add column before jsonb;
create index audit_newest on audit (organisation_id, id desc);

-- Where a key stood when it was used: it may move later, its usage does not.
alter table usage
  -- A default that is taken away again, so that no old row is touched.
  add column organisation_id text not null default 'default00000',
  add column team_id text,
  add column project_id text,
  add column user_id text;
alter table usage alter column organisation_id drop default;
create index usage_by_organisation on usage (organisation_id, at, id);

-- A team or project that there is none of is empty text, because a primary key takes no null.
alter table usage_daily
  add column organisation_id text not null default 'default00000',
  add column team_id text not null default '',
  add column project_id text not null default '',
  add column user_id text not null default '',
  drop constraint usage_daily_pkey,
  add primary key (organisation_id, day, key_id, provider, model, team_id, project_id, user_id);
alter table usage_daily alter column organisation_id drop default;

-- The wall. It holds for the owner of the tables too; what migrates sets the tenant to `*`.
do $$
declare
  name text;
begin
  foreach name in array array[
    'teams', 'projects', 'service_accounts', 'memberships', 'keys', 'service_tokens', 'audit', 'usage', 'usage_daily'
  ] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format(
      'create policy tenant on %I using (organisation_id = (select tenant()) or (select tenant()) = ''*'')', name
    );
  end loop;
end
$$;

alter table organisations enable row level security;
alter table organisations force row level security;
create policy tenant on organisations using (id = (select tenant()) or (select tenant()) = '*');

alter table key_secrets enable row level security;
alter table key_secrets force row level security;
create policy tenant on key_secrets
  using ((select tenant()) = '*' or exists (select from keys where keys.id = key_secrets.key_id));

-- People are seen by those who share an organisation with them.
alter table users enable row level security;
alter table users force row level security;
create policy tenant on users
  using ((select tenant()) = '*' or exists (select from memberships where memberships.user_id = users.id));

alter table setup_tokens enable row level security;
alter table setup_tokens force row level security;
create policy tenant on setup_tokens using ((select tenant()) = '*');

-- The role that serves owns nothing: it may do what the program does, and no more.
grant usage on schema public to sekisho_server;
grant select, insert, update on
  organisations, teams, projects, users, service_accounts, service_tokens, keys, key_secrets, usage, usage_daily
  to sekisho_server;
grant select, insert, update, delete on memberships, setup_tokens to sekisho_server;
grant select, insert on audit to sekisho_server;
grant execute on function usage_partition_ensure(date) to sekisho_server;
