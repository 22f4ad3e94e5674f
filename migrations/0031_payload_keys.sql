-- compatible-with: 0019_read_state.sql
-- What people write, and what tells of it, may be encrypted: it is then a text that begins with the id of the key. A payload is a JSON
-- string then, and otherwise a JSON object.

-- The id of the key with which something was encrypted; null where it was not.
create function payload_key(stored text) returns text language sql immutable strict parallel safe as $$
  select substring(left(stored, 60) from '^e1:([A-Za-z0-9._-]{1,40}):')
$$;
create function payload_key(payload json) returns text language sql immutable strict parallel safe as $$
  select substring(left(payload::text, 60) from '^"e1:([A-Za-z0-9._-]{1,40}):')
$$;
create function payload_key(payload jsonb) returns text language sql immutable strict parallel safe as $$
  select case jsonb_typeof(payload) when 'string' then payload_key(payload::text::json) end
$$;

-- What is not encrypted with the present key is found by itself, however much is. Emptied payloads are of no interest, and the table of
-- arrivals is small at all times.
create index item_payload_key on item (payload_key(payload)) where payload::text <> '{}';
create index dead_letter_payload_key on dead_letter (payload_key(payload)) where payload::text <> '{}';
create index waiting_item_payload_key on waiting_item (payload_key(payload)) where payload::text <> '{}';
create index message_link_digest_key on message_link (payload_key(digest)) where digest is not null;
create index ghost_display_name_key on ghost (payload_key(display_name)) where display_name is not null;
