-- What the identity server remembers of its own: accounts, invitations to people not known yet, and who asked after whom.

-- Tokens by their SHA-256 only: who reads this table can use none of them.
create table identity_token (
  digest bytea primary key,
  user_id text not null,
  expires_at timestamptz not null
);
create index identity_token_expires_at on identity_token (expires_at);

-- The policies that users accepted, by the URL of the text they read.
create table identity_accepted_policy (
  user_id text not null,
  url text not null,
  accepted_at timestamptz not null default now(),
  primary key (user_id, url)
);

-- Invitations to addresses that were nobody's. The address is here until the invitee's homeserver has been told.
create table identity_invite (
  token text primary key,
  medium text not null,
  address text,
  room_id text not null,
  sender text not null,
  -- The public half; the private one was never kept, for nobody needs it.
  ephemeral_key text not null unique,
  -- The long-term key in the room: no other can sign for it.
  key_id text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  next_attempt_at timestamptz not null default now(),
  attempts integer not null default 0,
  last_error text,
  delivered_at timestamptz
);
create index identity_invite_next_attempt_at on identity_invite (next_attempt_at) where address is not null;
create index identity_invite_expires_at on identity_invite (expires_at);

-- Resolutions: who asked after whom. `subject` is a keyed hash; no address, name or search term is here.
create table identity_audit (
  at timestamptz not null,
  caller text not null,
  action text not null,
  medium text,
  subject bytea,
  outcome text not null check (outcome in ('found', 'none', 'refused', 'failed'))
);
-- Rows come in the order of time, and are written far more often than read: the smallest index that finds a day. One on
-- subject would be a write at a random place for each look-up, for a question that is asked once in a while.
create index identity_audit_at on identity_audit using brin (at);
