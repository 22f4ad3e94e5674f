-- Parked items are called what operators and the field call them: dead letters. And an item may be put off without having failed.

alter table parked_item rename to dead_letter;
alter table dead_letter rename column parked_at to given_up_at;
alter sequence parked_item_id_seq rename to dead_letter_id_seq;
alter index parked_item_pkey rename to dead_letter_pkey;
alter index parked_item_lane_id_position_key rename to dead_letter_lane_id_position_key;
alter table dead_letter rename constraint parked_item_lane_id_fkey to dead_letter_lane_id_fkey;

-- For replicas of the version before, which run beside those of this one during a rolling update and read and write by
-- the old names. PostgreSQL passes on what is written to such a view. To be dropped by a later version.
create view parked_item as
  select id, lane_id, lane_key, position, source, source_id, payload, attempts, error_code, error_message, received_at,
    given_up_at as parked_at
  from dead_letter;

-- Of the attempts at the item at the head, those that put it off to later without having failed; cleared with `attempts`.
alter table lane add column delays int not null default 0;

-- The job has a new name, under which it goes on from the night it has reached.
update reader_cursor set reader = 'nightly-reconcile' where reader = 'sweep';
