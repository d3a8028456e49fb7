-- What a key may be used for, from where, and what it is: all of it null or empty where nothing is said.

alter table keys
  -- Kinds of call; null: every kind.
  add column operations text[],
  -- Patterns of models that it may not use, whatever else says that it may.
  add column denied_models text[] not null default '{}',
  -- Names of the operator's own models that it may ask for; null: any name.
  add column routes text[],
  -- Addresses and ranges from which it may be used; null: from anywhere.
  add column ip_ranges text[],
  add column tags text[] not null default '{}',
  add column metadata jsonb not null default '{}',
  add column environment text;

-- A key may ask what it has used: the sums of one key, without those of all others.
create index usage_daily_by_key on usage_daily (key_id, day);
