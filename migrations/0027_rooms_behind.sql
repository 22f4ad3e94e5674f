-- compatible-with: 0019_read_state.sql
-- Rooms of which more has happened than one answer of the homeserver shows: each is read on by itself, page by page.

create table room_behind (
  room_id text primary key,
  -- The token from which on its events are not stored yet.
  position text not null,
  -- Raised whenever /sync shows more of the room, which is left to who reads it on: only what was read to its end since then is not
  -- behind any more.
  shown bigint not null default 1,
  failures int not null default 0,
  failing_since timestamptz,
  due_at timestamptz not null default now()
);
create index room_behind_due_at on room_behind (due_at);
