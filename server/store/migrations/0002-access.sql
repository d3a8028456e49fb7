-- Who may do what: administrators with their service tokens, virtual keys with their secrets, and the record of every change.
-- Secrets are kept as the base64 SHA-256 of their whole text and found by it; the text itself is shown once and kept nowhere.

CREATE TABLE administrators (
  id text PRIMARY KEY,
  name text NOT NULL,
  created_at timestamptz NOT NULL,
  -- True for the one who came in with the setup token: the index below lets there be one only, however many ask at once.
  founder boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX administrators_name ON administrators (lower(name));
CREATE UNIQUE INDEX administrators_one_founder ON administrators (founder) WHERE founder;

-- One-time tokens of the first start. Empty as soon as there is an administrator.
CREATE TABLE setup_tokens (
  hash text PRIMARY KEY,
  created_at timestamptz NOT NULL
);

CREATE TABLE service_tokens (
  id text PRIMARY KEY,
  administrator_id text NOT NULL REFERENCES administrators,
  hash text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL,
  created_by text REFERENCES administrators,
  expires_at timestamptz,
  revoked_at timestamptz
);
CREATE INDEX service_tokens_newest ON service_tokens (created_at DESC, id DESC);

CREATE TABLE keys (
  id text PRIMARY KEY,
  name text NOT NULL,
  -- Patterns, or null for every model.
  models text[],
  created_at timestamptz NOT NULL,
  created_by text REFERENCES administrators,
  expires_at timestamptz,
  revoked_at timestamptz,
  -- The transaction that last changed the key or one of its secrets. Followers read from the oldest transaction that was
  -- still running at their last look, so that none is missed whichever order they commit in.
  changed xid8 NOT NULL
);
CREATE INDEX keys_newest ON keys (created_at DESC, id DESC);
CREATE INDEX keys_changed ON keys (changed);

-- A key has one secret, and two while a rotation overlaps.
CREATE TABLE key_secrets (
  hash text PRIMARY KEY,
  key_id text NOT NULL REFERENCES keys,
  created_at timestamptz NOT NULL,
  -- Null: as long as its key. A rotation sets when the secret before ends.
  ends_at timestamptz
);
CREATE INDEX key_secrets_of_key ON key_secrets (key_id, created_at DESC);

CREATE FUNCTION keys_mark_changed() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  new.changed := pg_current_xact_id();
  RETURN new;
END $$;
CREATE TRIGGER keys_changed BEFORE INSERT OR UPDATE ON keys
  FOR EACH ROW EXECUTE FUNCTION keys_mark_changed();

CREATE FUNCTION key_secrets_mark_changed() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  UPDATE keys SET changed = pg_current_xact_id() WHERE id = new.key_id;
  RETURN NULL;
END $$;
CREATE TRIGGER key_secrets_changed AFTER INSERT OR UPDATE ON key_secrets
  FOR EACH ROW EXECUTE FUNCTION key_secrets_mark_changed();

-- Tells every gateway to look now; it carries nothing, because what it would say is read from the table.
CREATE FUNCTION keys_notify() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('sekisho_keys', '');
  RETURN NULL;
END $$;
CREATE TRIGGER keys_notify AFTER INSERT OR UPDATE ON keys
  FOR EACH STATEMENT EXECUTE FUNCTION keys_notify();

-- One line for each change, in the transaction of the change.
CREATE TABLE audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL,
  -- Null: the gateway itself, or who held the setup token.
  administrator_id text REFERENCES administrators,
  action text NOT NULL,
  target text,
  -- `done`, or the code of the refusal.
  outcome text NOT NULL,
  ip text,
  request_id text NOT NULL,
  input jsonb NOT NULL,
  -- Without secrets. Null when it was refused.
  result jsonb
);
CREATE INDEX audit_of_target ON audit (target, id DESC);

CREATE FUNCTION audit_append_only() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log takes no %', lower(tg_op) USING errcode = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
