-- compatible-with: 0019_read_state.sql
-- Of what it was noticed that it is in an earlier state than it was: this database, or a server. What the bridge did since that state may
-- be done there already, or be gone.
create table restoration (
  what text primary key,
  -- In milliseconds, as it is read.
  noticed_at timestamptz not null default date_trunc('milliseconds', now()),
  -- The resource up to which all spaces and rooms were compared since; a reconcile that was broken off goes on there.
  reconciled_up_to text not null default '',
  -- Null as long as that is under way.
  reconciled_at timestamptz
);

-- A number that only goes up. The homeserver holds it too, so that of two that differ one has gone back.
create table continuity (
  -- There is one row.
  id int primary key default 1 check (id = 1),
  number bigint not null
);
