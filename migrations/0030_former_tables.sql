-- The tables and views by which replicas of versions before 0011 and 0012 read and wrote are not kept any more: none of them works with
-- the schema since 0021. Each message had a second row there.
-- compatible-with: 0019_read_state.sql
drop view claimed_room;
drop view parked_item;
-- Locked in the order in which transactions use them.
drop trigger link_to_message on message_link;
drop trigger message_to_link on message;
drop trigger waiting_to_held on waiting_item;
drop trigger held_to_waiting on held_communication;
drop function message_to_link, link_to_message, held_to_waiting, waiting_to_held;
drop table message, held_communication;
