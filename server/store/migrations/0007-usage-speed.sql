-- Lists and totals of the ledger that stay quick with tens of millions of rows (decision 25). What ships records waits while the indexes
-- are built; nothing else does.

-- Few attempts do not complete, so one index finds those of any status, newest first.
create index usage_incomplete on usage (at, id, status) where status <> 'complete';
drop index usage_by_status;
create index usage_by_project on usage (project_id, at, id) where project_id is not null;
-- A member sees what their own keys used.
create index usage_by_user on usage (user_id, at, id) where user_id is not null;
create index usage_daily_by_user on usage_daily (user_id, day) where user_id <> '';
-- A search by the name that a client wrote goes back day by day, like every search that no index answers.
drop index usage_by_model_asked;

comment on column usage.cache_write_5m_tokens is 'Null where there are none, as for all rare kinds: a zero would take eight bytes in every row';
comment on column usage.price_version is 'kind/@day#hash where the model is the one that was sent';
comment on column usage.vendor_wire is 'The API format of the provider where it is another one than the client''s: the request was translated';

-- The same sums again, without the model or without the key: a month of usage_daily has a row for each key, model and day, which is too
-- many to add up while somebody waits. What a question needs neither of is read from the smaller one.
create table usage_daily_keys (like usage_daily);
alter table usage_daily_keys
  drop column provider,
  drop column model,
  add primary key (day, organisation_id, key_id, team_id, project_id, user_id);
create index usage_daily_keys_by_key on usage_daily_keys (key_id, day);
create table usage_daily_models (like usage_daily);
alter table usage_daily_models
  drop column key_id,
  drop column user_id,
  add primary key (day, organisation_id, provider, model, team_id, project_id);

insert into usage_daily_keys (day, organisation_id, key_id, team_id, project_id, user_id, requests, attempts, complete, partial, canceled,
    failed, interrupted, unpriced, unknown_usage, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
    searches, cost_nano)
  select day, organisation_id, key_id, team_id, project_id, user_id, sum(requests), sum(attempts), sum(complete), sum(partial),
    sum(canceled), sum(failed), sum(interrupted), sum(unpriced), sum(unknown_usage), sum(input_tokens), sum(cache_read_tokens),
    sum(cache_write_tokens), sum(output_tokens), sum(reasoning_tokens), sum(searches), sum(cost_nano)
  from usage_daily group by 1, 2, 3, 4, 5, 6;
insert into usage_daily_models (day, organisation_id, provider, model, team_id, project_id, requests, attempts, complete, partial, canceled,
    failed, interrupted, unpriced, unknown_usage, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
    searches, cost_nano)
  select day, organisation_id, provider, model, team_id, project_id, sum(requests), sum(attempts), sum(complete), sum(partial),
    sum(canceled), sum(failed), sum(interrupted), sum(unpriced), sum(unknown_usage), sum(input_tokens), sum(cache_read_tokens),
    sum(cache_write_tokens), sum(output_tokens), sum(reasoning_tokens), sum(searches), sum(cost_nano)
  from usage_daily group by 1, 2, 3, 4, 5, 6;

do $$
declare
  name text;
begin
  foreach name in array array['usage_daily_keys', 'usage_daily_models'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format(
      'create policy tenant on %I using (organisation_id = (select tenant()) or (select tenant()) = ''*'')', name
    );
    execute format('grant select, insert, update on %I to sekisho_server', name);
  end loop;
end
$$;

-- Drops the oldest day of the ledger if it ended before `before`, and says which one: null when there is none, or when somebody else is at
-- it. It runs with its owner's rights, because who serves owns no table and deletes no row; so a week stays whatever is asked. Writers and
-- readers of the other days wait for the lock only as long as lock_timeout says; then this gives up with lock_not_available, and is
-- asked again. Detaching concurrently would need no such lock, but a function cannot.
create function usage_partition_expire(before date) returns date
language plpgsql security definer set search_path from current set lock_timeout = '200ms' as $$
declare
  oldest text;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('sekisho usage partition', 0)) then
    return null;
  end if;
  select min(relname) into oldest from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'usage'::regclass and relname ~ '^usage_\d{8}$';
  if to_date(substr(oldest, 7), 'YYYYMMDD') < least(before, (now() at time zone 'UTC')::date - 7) then
    execute format('drop table %I', oldest);
    return to_date(substr(oldest, 7), 'YYYYMMDD');
  end if;
  return null;
end
$$;
revoke execute on function usage_partition_expire(date) from public;
grant execute on function usage_partition_expire(date) to sekisho_server;
