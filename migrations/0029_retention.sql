-- Since when rows are there that are kept for a time, and indexes where statements that run often read whole tables.
-- compatible-with: 0019_read_state.sql

-- When the content of a dead letter was removed: what it was stays known for longer.
alter table dead_letter add column emptied_at timestamptz;
create index dead_letter_given_up_at on dead_letter (given_up_at);

alter table file_copy add column since timestamptz not null default now();
alter table reported_failure add column reported_at timestamptz not null default now();
create index reported_failure_reported_at on reported_failure (reported_at);
alter table untold_message add column since timestamptz not null default now();
create index untold_message_told_with on untold_message (told_with, reason) where told_with is not null;
create index notice_said_at on notice (said_at);

-- The ledger is asked by type: for the newest, and for the last before an instant.
create index resource_version_of_type on resource_version (split_part(reference, '/', 1), last_updated);

create index room_subject on room (subject) where subject is not null;
-- A restoration goes through all rooms in this order, whatever the collation of the database.
create index room_in_order on room (reference collate "C");
create index former_room_reference on former_room (reference);

-- In place of one that leaves out changes of messages.
create index message_link_in_room on message_link (room_id, id);
drop index message_link_room;

-- Asked for every few seconds.
create index waiting_item_sender on waiting_item (waits_for) where waits_for like '@%';
