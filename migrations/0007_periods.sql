-- When a room is to be brought up to date by the clock alone, since a period begins or ends from which it was made. Empty
-- where there is none ahead, and from the moment at which it was asked for until the convergence has found the next.
alter table room add column converge_at timestamptz;
-- Of the rooms that are there already nobody has asked yet: each is converged once.
update room set converge_at = now() where room_id is not null;
create index room_converge_at on room (converge_at) where converge_at is not null;
