-- A key may be stricter or more silent than the route about what cannot be said to a provider; null leaves it to the route.
alter table keys add column lossy text check (lossy in ('strict', 'warn', 'silent'));

-- What each attempt was said in, what could not be said, and the vendor's name of a reply that it keeps. Null in rows from before, and
-- where a process died.

alter table usage
  add column wire text,
  add column vendor_wire text,
  add column losses text,
  add column reply_id text;

comment on column usage.wire is 'The API format of the client';
comment on column usage.vendor_wire is 'The API format of the provider; another one than the client''s means that the request was translated';
comment on column usage.losses is 'What was left out, changed or imitated on the way, as field=what; null when nothing was';
comment on column usage.reply_id is 'The vendor''s name of a reply that can be asked for again: it belongs to the key of this row';

-- Few rows have one, so it costs nearly nothing.
create index usage_by_reply on usage (reply_id) where reply_id is not null;
