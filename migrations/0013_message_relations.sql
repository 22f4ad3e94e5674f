-- Messages refer to others: a change counts by who made it and when, an answer stays in its thread, and what waits for a
-- message that does not come goes on without it.

alter table message_link
  -- The Matrix user who sent the event; empty for links of the version before.
  add column sender text,
  -- The time of the event by its own server.
  add column sent_at timestamptz,
  -- The first event of the thread in which the event stands.
  add column thread_root text;
create index message_link_target on message_link (target) where target is not null;

alter table waiting_item add column give_up_at timestamptz;
create index waiting_item_give_up_at on waiting_item (give_up_at) where give_up_at is not null;
