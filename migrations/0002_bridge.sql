-- What the bridge remembers besides the inbox: rooms, people, messages, cursors. No message text lies here.

-- The room of a FHIR resource. The row exists before the room does: it is the reservation of its making.
create table room (
  reference text primary key,
  alias text not null,
  -- Counts the attempts at making the room: a dropped, half-made room is told apart by its marker.
  generation integer not null default 0,
  room_id text unique,
  subject text,
  care_team text,
  first_message_event_id text,
  -- Set when the room was brought to its desired state once, first message included.
  ready_at timestamptz
);
create index room_care_team on room (care_team) where care_team is not null;

-- Who a FHIR person is in Matrix: an account of their own (user) or a ghost of the bridge.
create table person (
  reference text primary key,
  user_id text not null,
  kind text not null check (kind in ('user', 'ghost')),
  updated_at timestamptz not null default now()
);
create index person_user_id on person (user_id);

-- Ghosts that are registered and have their device.
create table ghost (
  user_id text primary key,
  display_name text
);

-- The pairs of Matrix event and Communication. A row without completed_at is a write under way: it is there
-- before the write, so that whoever sees the write's echo first knows it for the bridge's own.
create table message (
  id bigint generated always as identity primary key,
  origin text not null check (origin in ('matrix', 'fhir')),
  event_id text unique,
  communication text unique,
  room_id text not null,
  digest text,
  started_at timestamptz not null default now(),
  completed_at timestamptz,
  check (event_id is not null or communication is not null)
);

-- Notices said: one per person, room and reason.
create table notice (
  room_id text not null,
  user_id text not null,
  reason text not null,
  said_at timestamptz not null default now(),
  primary key (room_id, user_id, reason)
);

-- Where each reader stands: a sync token for Matrix, an instant by the server's clock for each FHIR type.
create table reader_cursor (
  reader text primary key,
  position text not null,
  advanced_at timestamptz not null default now()
);

-- The ledger of resource versions read or written, as far back as the cursor's overlap can show them again.
create table resource_version (
  reference text not null,
  version_id text not null,
  last_updated timestamptz not null,
  origin text not null check (origin in ('read', 'written')),
  primary key (reference, version_id)
);
create index resource_version_last_updated on resource_version (last_updated);

-- Events as pushed by the homeserver, until the reader has put them into the inbox in the homeserver's order.
create table matrix_arrival (
  arrival bigint generated always as identity primary key,
  event_id text not null unique,
  room_id text not null,
  event jsonb not null,
  arrived_at timestamptz not null default now()
);
