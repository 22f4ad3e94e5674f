-- The durable ordered log: lanes of items, worked on by replicas. docs/explanation/ordered-log.md tells the story.

-- A lane is an array with two numbers: `tail` is the position of the last item stored, `head` that of the last one
-- dealt with. All that decides who may work on the lane stands in this one row, so every step locks one row only.
create table lane (
  id bigint generated always as identity primary key,
  key text not null unique,
  tail bigint not null default 0,
  head bigint not null default 0,
  -- When the lane may be worked on; null means it is idle. It is a time and nothing else: who holds the lane, and for
  -- how long, is told by `owner`, because one column for both lets a heartbeat prolong a lane that only backs off.
  ready_at timestamptz,
  -- The replica working on the lane. No foreign key: an owner without a row in `replica` is a dead one, and that
  -- its row is gone is all a recovery has to write.
  owner int,
  -- Raised by every claim. Whatever a worker writes says `where epoch = mine`, so a stale one writes nothing.
  epoch bigint not null default 0,
  -- Of the item at the head, none of it about the lane: cleared when the head moves on.
  attempts int not null default 0,
  -- Attempts in a row that ended with the replica that made them.
  owners_died int not null default 0,
  first_failed_at timestamptz,
  -- An earlier attempt may have had its effect although nobody recorded it.
  in_doubt boolean not null default false,
  last_error_code text,
  last_error_message text
) with (
  -- Rows change in place (HOT) as long as the page has room and `ready_at` does not change.
  fillfactor = 60,
  -- A few hot rows, updated thousands of times a second: vacuum by their number, not by the share of idle lanes.
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 500
);

-- Idle lanes are not in it, so a hundred thousand of them cost a claim nothing.
create index lane_ready_at on lane (ready_at) where ready_at is not null;

-- Handled items stay until pruned: they are the memory against duplicates and the audit trail.
create table item (
  lane_id bigint not null references lane,
  position bigint not null,
  source text not null,
  source_id text not null,
  -- json, not jsonb: jsonb refuses \u0000 and lone surrogates, so that one hostile message would block the intake.
  payload json not null,
  received_at timestamptz not null default now(),
  primary key (lane_id, position),
  -- Whatever is delivered twice is stored once.
  unique (source, source_id)
);

-- Pruning goes from the oldest.
create index item_received_at on item (received_at);

-- One row per living replica; the replica holds a session advisory lock on its id as long as it lives.
create table replica (
  id int primary key,
  started_at timestamptz not null default now(),
  heartbeat_at timestamptz not null default now()
);

-- Never reused, unlike max(id) + 1: a lane may still name a replica that is long dead. A sequence of its own, because
-- the lock has to be taken before the row is seen.
create sequence replica_id as int;

-- Items given up on, for an operator to read, retry or discard. A copy, so that pruning does not take them away.
create table parked_item (
  id bigint generated always as identity primary key,
  lane_id bigint not null references lane,
  lane_key text not null,
  position bigint not null,
  source text not null,
  source_id text not null,
  payload json not null,
  attempts int not null,
  error_code text not null,
  error_message text not null,
  received_at timestamptz not null,
  parked_at timestamptz not null default now(),
  -- Not (source, source_id): after pruning the same source id may come and be parked again.
  unique (lane_id, position)
);
