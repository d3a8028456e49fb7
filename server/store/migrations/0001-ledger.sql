-- The ledger: one row for each attempt at a provider, and sums of them by day.

-- Partitioned by UTC day, so that old days are dropped and not deleted row by row. There is no default partition: rows that
-- fell into it would stand in the way of making the day's own later. The eight-byte columns come first to leave no gaps.
create table usage (
  at timestamptz not null,
  id uuid not null,
  cost_nano bigint check (cost_nano >= 0),
  input_estimate_tokens bigint not null,
  input_tokens bigint,
  cache_read_tokens bigint,
  cache_write_5m_tokens bigint,
  cache_write_1h_tokens bigint,
  cache_write_other_tokens bigint,
  input_audio_tokens bigint,
  input_image_tokens bigint,
  output_tokens bigint,
  reasoning_tokens bigint,
  output_audio_tokens bigint,
  output_image_tokens bigint,
  searches bigint,
  queue_us bigint not null,
  gateway_us bigint not null,
  first_byte_us bigint,
  total_us bigint not null,
  attempt integer not null,
  http_status integer,
  stream boolean not null,
  priced boolean not null,
  request_id text not null,
  key_id text not null,
  operation text not null,
  provider text not null,
  model_asked text not null,
  model_sent text not null,
  model_answered text,
  status text not null,
  reason text,
  usage_source text,
  service_tier text,
  price_version text,
  primary key (at, id)
) partition by range (at);

comment on column usage.cost_nano is 'Nano-dollars; null when the price or the usage is unknown, which is not zero';
comment on column usage.input_tokens is 'Token kinds never overlap; all of them are null when the usage is unknown';
comment on column usage.at is 'When the request arrived';

-- Newest-first lists, read backwards.
create index usage_by_key on usage (key_id, at, id);
create index usage_by_provider on usage (provider, at, id);
create index usage_by_model_sent on usage (model_sent, at, id);
create index usage_by_model_asked on usage (model_asked, at, id);
-- Most attempts complete: a list of those finds them by time alone.
create index usage_by_status on usage (status, at, id) where status <> 'complete';

-- Sums are numeric, so that no vendor's absurd figure can make a day refuse every further row.
create table usage_daily (
  day date not null,
  key_id text not null,
  provider text not null,
  model text not null,
  requests bigint not null,
  attempts bigint not null,
  complete bigint not null,
  partial bigint not null,
  canceled bigint not null,
  failed bigint not null,
  interrupted bigint not null,
  unpriced bigint not null,
  unknown_usage bigint not null,
  input_tokens numeric not null,
  cache_read_tokens numeric not null,
  cache_write_tokens numeric not null,
  output_tokens numeric not null,
  reasoning_tokens numeric not null,
  searches numeric not null,
  cost_nano numeric not null,
  primary key (day, key_id, provider, model)
);

comment on column usage_daily.day is 'UTC';
comment on column usage_daily.model is 'As it was sent to the provider';
comment on column usage_daily.requests is 'First attempts: a request is counted once, where it was tried first';
comment on column usage_daily.input_tokens is 'All prompt tokens; cache reads and writes are part of it';
comment on column usage_daily.output_tokens is 'All answer tokens; reasoning is part of it';
comment on column usage_daily.unpriced is 'Attempts whose cost is unknown and therefore not in cost_nano';

-- Makes the partition of a UTC day. It runs with its owner's rights, because the role of the running gateway owns no table.
-- The day is attached, not created in place: attaching does not lock out readers and writers of the other days.
create function usage_partition_ensure(day date) returns void
language plpgsql security definer set search_path from current as $$
declare
  name text := format('usage_%s', to_char(day, 'YYYYMMDD'));
begin
  perform pg_advisory_xact_lock(hashtextextended('sekisho usage partition', 0));
  if to_regclass(name) is not null then
    return;
  end if;
  execute format('create table %I (like usage including all)', name);
  execute format(
    'alter table usage attach partition %I for values from (%L) to (%L)',
    name, day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC'
  );
end
$$;
