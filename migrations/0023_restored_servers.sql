-- compatible-with: 0019_read_state.sql
-- A FHIR server that was restored gives ids and versions anew: what was seen of a resource is known by its stamps as well.

alter table room
  -- The version at the last convergence, as `3@2026-11-30T09:00:00.000Z`; empty where it is not known.
  add column resource_version text,
  -- The stamp of the resource's first version: a resource with another is not the one that this room was made for.
  add column resource_since timestamptz,
  -- Since when the resource is not on the server any more.
  add column gone_since timestamptz;
create index room_gone_since on room (gone_since) where gone_since is not null;

-- Rooms whose resource is gone and whose reference is another's now.
create table orphaned_room (
  room_id text primary key,
  reference text not null,
  made_by text not null,
  orphaned_at timestamptz not null,
  -- Their members may read until the second look, and are removed then.
  phase text not null default 'open' check (phase in ('open', 'read-only', 'closed')),
  look_at timestamptz not null
);
create index orphaned_room_look_at on orphaned_room (look_at) where phase <> 'closed';

-- The stamp of the first version of the Communication, where it is known.
alter table message_link add column communication_since timestamptz;
