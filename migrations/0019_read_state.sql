-- Who has read what: receipts that came and are not looked at yet, and how far each person has read each conversation.

-- Receipts as the homeserver told them, until the reader has been quiet for a while: of many, the latest message counts.
create table receipt (
  room_id text not null,
  user_id text not null,
  event_id text not null,
  -- When the user read it, by the clock of their homeserver.
  read_at timestamptz not null,
  arrived_at timestamptz not null default now(),
  primary key (room_id, user_id, event_id)
);

-- The latest message that a person has read, on either side. It moves forward only.
create table read_position (
  conversation text not null,
  person text not null,
  event_id text not null,
  read_at timestamptz not null,
  primary key (conversation, person)
);

-- Up to which item of its lane a conversation's Tasks were compared: what was asked for before that item is done.
create table compared_tasks (
  conversation text primary key,
  position bigint not null
);

-- The latest messages of a room.
create index message_link_room on message_link (room_id, id) where target is null;

-- Whether a message waits.
create index waiting_item_about on waiting_item (about);
