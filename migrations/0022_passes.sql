-- What came of the passes of the jobs, so that every replica can tell of one that stands still.

create table job_pass (
  job text primary key,
  -- When its last good pass ended; null before the first.
  passed_at timestamptz,
  -- How many passes have failed since.
  failures int not null default 0
);
