-- One Communication may be several events, and one event several changes: a link per effect takes the place of a row per
-- message. What waits for something waits with its place in the order. The tables of the version before stay beside the
-- new ones, each kept by the other's triggers, so that both versions can run at one time; a later migration drops them.

create table message_link (
  id bigint generated always as identity primary key,
  -- Where the message was written.
  origin text not null check (origin in ('matrix', 'fhir')),
  -- What brought it about, and which of its effects this is: an event id, a Communication, or a version of one.
  cause text not null,
  part int not null default 0,
  kind text not null,
  -- Empty until known: the server may give the id, and the homeserver gives the event's.
  communication text,
  event_id text,
  -- The event of the message that is changed or answered.
  target text,
  room_id text not null,
  digest text,
  -- A row without completed_at is an effect under way: it is there before the effect, so that whoever sees the effect's
  -- echo first knows it for the bridge's own.
  started_at timestamptz not null default now(),
  completed_at timestamptz,
  unique (cause, part)
);
create index message_link_communication on message_link (communication) where communication is not null;
create index message_link_event_id on message_link (event_id) where event_id is not null;

insert into message_link
  (origin, cause, kind, communication, event_id, room_id, digest, started_at, completed_at)
select origin, case origin when 'matrix' then event_id else communication end, 'text',
  communication, event_id, room_id, digest, started_at, completed_at
from message
order by id;

-- Items that wait until something is there: a conversation that opens, a message that is carried.
create table waiting_item (
  waits_for text not null,
  -- What waits: once for each, however often it comes.
  about text not null,
  -- The order in which they came.
  sequence bigint generated always as identity,
  lane text not null,
  payload json not null,
  since timestamptz not null default now(),
  primary key (waits_for, about)
);

insert into waiting_item (waits_for, about, lane, payload)
select request, held.reference, 'to-matrix:' || request,
  json_build_object('kind', 'fhir.change', 'resourceType', 'Communication', 'reference', held.reference,
    'versionId', version_id)
from held_communication held
left join resource_version using (reference, version_id)
order by last_updated nulls first, held.reference;

create function message_to_link() returns trigger language plpgsql as $$
begin
  if pg_trigger_depth() > 1 then return null; end if;
  insert into message_link as link
    (origin, cause, kind, communication, event_id, room_id, digest, started_at, completed_at)
  values (new.origin, case new.origin when 'matrix' then new.event_id else new.communication end, 'text',
    new.communication, new.event_id, new.room_id, new.digest, new.started_at, new.completed_at)
  on conflict (cause, part) do update
  set communication = excluded.communication, event_id = excluded.event_id, room_id = excluded.room_id,
    digest = excluded.digest, completed_at = excluded.completed_at;
  return null;
end $$;
create trigger message_to_link after insert or update on message for each row execute function message_to_link();

-- The version before knows whole messages alone: the first effect of an event, or of a Communication.
create function link_to_message() returns trigger language plpgsql as $$
begin
  if pg_trigger_depth() > 1 or new.part <> 0 or new.target is not null
    or new.cause <> coalesce(case new.origin when 'matrix' then new.event_id else new.communication end, '')
  then return null; end if;
  if new.origin = 'matrix' then
    insert into message (origin, event_id, communication, room_id, digest, started_at, completed_at)
    values ('matrix', new.event_id, new.communication, new.room_id, new.digest, new.started_at, new.completed_at)
    on conflict (event_id) do update
    set communication = excluded.communication, digest = excluded.digest, completed_at = excluded.completed_at;
  else
    insert into message (origin, event_id, communication, room_id, digest, started_at, completed_at)
    values ('fhir', new.event_id, new.communication, new.room_id, new.digest, new.started_at, new.completed_at)
    on conflict (communication) do update
    set event_id = excluded.event_id, room_id = excluded.room_id, digest = excluded.digest,
      completed_at = excluded.completed_at;
  end if;
  return null;
end $$;
create trigger link_to_message after insert or update on message_link for each row execute function link_to_message();

create function held_to_waiting() returns trigger language plpgsql as $$
begin
  if pg_trigger_depth() > 1 then return null; end if;
  if tg_op = 'DELETE' then
    delete from waiting_item where waits_for = old.request and about = old.reference;
    return null;
  end if;
  insert into waiting_item (waits_for, about, lane, payload)
  values (new.request, new.reference, 'to-matrix:' || new.request,
    json_build_object('kind', 'fhir.change', 'resourceType', 'Communication', 'reference', new.reference,
      'versionId', new.version_id))
  on conflict (waits_for, about) do update set payload = excluded.payload;
  return null;
end $$;
create trigger held_to_waiting after insert or update or delete on held_communication
  for each row execute function held_to_waiting();

create function waiting_to_held() returns trigger language plpgsql as $$
begin
  if pg_trigger_depth() > 1 then return null; end if;
  if tg_op = 'DELETE' then
    delete from held_communication where request = old.waits_for and reference = old.about;
  elsif new.about like 'Communication/%' and new.payload ->> 'versionId' is not null then
    insert into held_communication (request, reference, version_id)
    values (new.waits_for, new.about, new.payload ->> 'versionId')
    on conflict (request, reference) do update set version_id = excluded.version_id;
  end if;
  return null;
end $$;
create trigger waiting_to_held after insert or update or delete on waiting_item
  for each row execute function waiting_to_held();
