-- The table of rooms that users listed in a team's space gets the name of what becomes of them.
alter table claimed_room rename to adopted_room;
alter table adopted_room rename column claimed_by to listed_by;
alter table adopted_room rename column claimed_at to listed_at;

-- For the version before this one, which goes on beside it during an update; it reads and writes through the view.
create view claimed_room as
  select room_id, care_team, listed_by as claimed_by, listed_at as claimed_at from adopted_room;
