-- compatible-with: 0019_read_state.sql
-- People who were forgotten, so that a ghost of theirs is never another's, and nothing brings them back that does not name them anew.

create table forgotten_person (
  -- A keyed hash of the reference, which says nothing without the key of the configuration.
  digest text primary key,
  -- How many ghosts were given up: the next one has another id.
  ghosts int not null default 0,
  forgotten_at timestamptz not null default now()
);

-- The forgetting of a person: under way, or done.
create table forgetting (
  -- A keyed hash of what the operator named.
  id text primary key,
  -- Whom, by references and accounts; both empty once it is done.
  people text[] not null,
  accounts text[] not null,
  ghosts text[] not null,
  began_at timestamptz not null default now(),
  ended_at timestamptz,
  -- What was deleted, by numbers and ids.
  result jsonb
);

-- The rooms in which a ghost of theirs is, was or spoke.
create table forgetting_room (
  forgetting text not null references forgetting on delete cascade,
  room_id text not null,
  -- Up to which link its messages were redacted.
  redacted_to bigint not null default 0,
  -- Messages, and events that bore a name, a picture or an address.
  messages int not null default 0,
  events int not null default 0,
  -- Events that the homeserver did not let the bridge redact.
  refused int not null default 0,
  -- Nobody of the bridge is in the room any more: nothing of it could be seen.
  out_of_reach boolean not null default false,
  ended_at timestamptz,
  primary key (forgetting, room_id)
);

-- The messages of a ghost.
create index message_link_sender on message_link (sender, room_id, id) where sender is not null;
