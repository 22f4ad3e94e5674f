-- What people are still to be told, and what they and the platforms were told of messages that failed.

-- Messages of which their sender has not been told yet.
create table untold_message (
  event_id text not null,
  reason text not null,
  room_id text not null,
  user_id text not null,
  -- The first message of the notice that tells of this one too; null until that notice is made up.
  told_with text,
  primary key (event_id, reason)
);
create index untold_message_person on untold_message (room_id, user_id, reason);

-- Messages of whose failure their sender, or the platform, was told: to be told as well when they succeed.
create table reported_failure (
  -- A Matrix event id, or the reference of a Communication.
  message text primary key,
  -- Null since it succeeded.
  reason text,
  -- The Task that tells the platform.
  task text
);
