-- Communications that were sent into their rooms and do not bear the id of the event yet: they get it a little later, many at a time.
-- compatible-with: 0019_read_state.sql

create table write_back (
  communication text primary key,
  event_id text not null,
  since timestamptz not null default now()
);

create index write_back_since on write_back (since);
