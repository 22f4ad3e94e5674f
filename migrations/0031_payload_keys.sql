-- compatible-with: 0019_read_state.sql
-- Payloads may be encrypted: then they are a JSON string that begins with the id of the key, and otherwise a JSON object.

-- The id of the key with which a payload was encrypted; null where it was not.
create function payload_key(payload json) returns text language sql immutable strict parallel safe as $$
  select substring(left(payload::text, 60) from '^"e1:([A-Za-z0-9._-]{1,40}):')
$$;
create function payload_key(payload jsonb) returns text language sql immutable strict parallel safe as $$
  select case jsonb_typeof(payload) when 'string' then payload_key(payload::text::json) end
$$;

-- What is not encrypted with the present key is found by itself, however much is. The table of arrivals is small at all times.
create index item_payload_key on item (payload_key(payload));
create index dead_letter_payload_key on dead_letter (payload_key(payload));
create index waiting_item_payload_key on waiting_item (payload_key(payload));
