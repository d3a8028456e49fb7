-- Requests with an Idempotency-Key: who runs one, and what it was answered.

create table idempotency (
  key_id text not null,
  -- SHA-256 of what the client sent as its key.
  key_hash bytea not null,
  organisation_id text not null,
  -- SHA-256 of that key, the method, the path and the body.
  fingerprint bytea not null,
  -- The request that has it: only that one may say how it ended.
  request_id uuid not null,
  state text not null check (state in ('running', 'kept', 'gone')),
  created_at timestamptz not null,
  -- Until then it is believed to be running, whatever became of the process.
  leased_until timestamptz not null,
  status smallint,
  content_type text,
  -- The answer, encrypted by a data key of its own, and that key encrypted by the key-encryption key of this name.
  kek_id text,
  wrapped_key text,
  nonce bytea,
  answer bytea,
  primary key (key_id, key_hash),
  check ((state = 'kept') = (num_nonnulls(status, content_type, kek_id, wrapped_key, nonce, answer) = 6)),
  check (state = 'kept' or num_nonnulls(status, content_type, kek_id, wrapped_key, nonce, answer) = 0)
);
-- What is encrypted cannot be compressed.
alter table idempotency alter column answer set storage external;
create index idempotency_oldest on idempotency (created_at);

alter table idempotency enable row level security;
alter table idempotency force row level security;
create policy tenant on idempotency
  using (organisation_id = (select tenant()) or (select tenant()) = '*');

grant select, insert, update, delete on idempotency to sekisho_server;
