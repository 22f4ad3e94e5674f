-- What convergence remembers: who was a member, on what a room depends, which accounts and rooms were replaced.

-- The members that the FHIR side had when the room was last converged: the base of a three-way comparison. Who is in the
-- base but no longer in FHIR is removed from the room; who is in the room but in neither came by Matrix.
create table room_member (
  reference text not null references room (reference) on delete cascade,
  user_id text not null,
  person text not null,
  primary key (reference, user_id)
);
create index room_member_person on room_member (person);

-- The resources from which a room's desired state was computed: a change of any brings the room up to date.
create table room_dependency (
  reference text not null references room (reference) on delete cascade,
  depends_on text not null,
  primary key (reference, depends_on)
);
create index room_dependency_depends_on on room_dependency (depends_on);

alter table room
  -- As last converged: open to all members, read-only, or closed.
  -- When the last complete convergence began to read: whatever asked for one before then has had it.
  add column converged_from timestamptz,
  add column phase text not null default 'open' check (phase in ('open', 'read-only', 'closed')),
  -- A room that a user made inside a team's space, in which the bridge has the power it was given.
  add column made_by text not null default 'bridge' check (made_by in ('bridge', 'user'));

-- Rooms that were upgraded: their place was taken by another.
create table former_room (
  room_id text primary key,
  reference text not null,
  replacement_room_id text not null,
  -- Empty until the bridge is in the replacement.
  followed_at timestamptz
);
create index former_room_replacement on former_room (replacement_room_id);

-- Rooms that users listed in a team's space and that the bridge could not enter yet.
create table claimed_room (
  room_id text primary key,
  care_team text not null,
  claimed_by text not null,
  claimed_at timestamptz not null default now()
);

-- Where the account of a person comes from: their own telecom, an operator's or a directory's word, or the bridge's ghost.
alter table person add column source text not null default 'telecom' check (source in ('telecom', 'stored', 'ghost'));
update person set source = 'ghost' where kind = 'ghost';
-- The word itself, kept while the telecom says otherwise.
alter table person add column stored_user_id text;
create index person_stored_user_id on person (stored_user_id) where stored_user_id is not null;

-- Accounts a person had before: they leave a room when the present one has joined it.
create table former_account (
  reference text not null,
  user_id text not null,
  until timestamptz not null default now(),
  primary key (reference, user_id)
);
create index former_account_user_id on former_account (user_id);

-- The picture a ghost shows, by a digest of its source.
alter table ghost add column avatar_digest text;

-- Invitations that came with a context: which patient an invited room is about.
create table invitation (
  room_id text not null,
  user_id text not null,
  -- Whom it is about is stored before the ghost joins, and found again by this: a token may be read once only.
  event_id text not null unique,
  inviter text not null,
  subject text not null,
  received_at timestamptz not null default now(),
  joined_at timestamptz,
  primary key (room_id, user_id)
);

-- Communications that came before their conversation was open: they are said as soon as it is.
create table held_communication (
  request text not null,
  reference text not null,
  version_id text not null,
  primary key (request, reference)
);
