-- compatible-with: 0019_read_state.sql
-- What came of the passes of the jobs, so that every replica can tell of one that stands still.

create table job_pass (
  job text primary key,
  -- When its last good pass ended; null before the first.
  passed_at timestamptz,
  -- How many passes have failed since.
  failures int not null default 0
);

-- Of the attempts at the item after a head, how many failed with each code: {"head": 12, "codes": {"unexpected": 2}}. What it says of
-- another head than the lane's is over, so that taking an item off the lane need not clear it; replicas of the version before do not.
alter table lane add column failed_with jsonb;
