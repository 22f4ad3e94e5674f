-- compatible-with: 0019_read_state.sql
-- Which address a person's telecom publishes, whether it counts as theirs or not: one that two people publish is nobody's.

alter table person add column claimed_user_id text;
create index person_claimed_user_id on person (claimed_user_id) where claimed_user_id is not null;
update person set claimed_user_id = user_id where source = 'telecom';
