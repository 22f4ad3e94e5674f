-- compatible-with: 0022_passes_and_failures.sql
-- Members of rooms whom nobody knows, and when each was first seen there: from then on their grace counts.

create table stranger (
  reference text not null references room (reference) on delete cascade,
  user_id text not null,
  seen_at timestamptz not null,
  primary key (reference, user_id)
);

-- Since when a room that a user made is not safe to send into; null while it is safe.
alter table room add column unsafe_since timestamptz;
