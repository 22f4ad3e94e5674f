-- compatible-with: 0019_read_state.sql
-- Lanes in which everything that waits is work of which much may come at once: they take a share of the slots at most.

-- What it says of an idle lane means nothing: what comes in next decides.
alter table lane add column bulk boolean not null default false;

-- Each kind of lane is found by itself, so that a message never waits behind a list of thousands. A replica of the version before, which
-- asks for both, reads the few lanes that are not idle and sorts them.
create index lane_bulk_ready_at on lane (bulk, ready_at, id) where ready_at is not null;
drop index lane_ready_at;
