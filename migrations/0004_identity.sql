-- Who is who: the bridge's own copy of what directories say, for look-ups by third-party identifier, by name and by hash.

-- A person as one record of one directory has it. The same person may come from several.
create table identity_person (
  directory text not null collate "C",
  -- The directory's own key of the record.
  record text not null collate "C",
  user_id text not null,
  display_name text,
  -- The FHIR resource, where the directory is one of FHIR.
  reference text,
  -- The pass over the whole directory that met the record last: who a finished pass has not met may be gone.
  seen_in text,
  updated_at timestamptz not null default now(),
  primary key (directory, record)
);
create index identity_person_user_id on identity_person (user_id);

-- What they can be found by. Several user ids at one address are several people, and so nobody.
create table identity (
  medium text not null collate "C",
  address text not null collate "C",
  directory text not null collate "C",
  record text not null collate "C",
  -- Repeated from the person, so that a look-up reads this index and nothing else.
  user_id text not null,
  foreign key (directory, record) references identity_person on delete cascade
);
create unique index identity_address on identity (medium, address, directory, record) include (user_id);
create index identity_record on identity (directory, record);

-- The words of the names that may be searched for, without accents and in lower case. In byte order, so that all words
-- with one beginning lie side by side in the index.
create table identity_word (
  word text not null collate "C",
  directory text not null collate "C",
  record text not null collate "C",
  primary key (word, directory, record),
  foreign key (directory, record) references identity_person on delete cascade
);
create index identity_word_record on identity_word (directory, record);

-- The peppers of hashed look-ups (Matrix Identity Service API v2). One is prepared at a time: `done_…` tell up to which
-- address its hashes are there.
create table identity_pepper (
  generation bigint generated always as identity primary key,
  pepper text not null unique,
  state text not null unique check (state in ('preparing', 'current', 'previous')),
  done_medium text not null default '' collate "C",
  done_address text not null default '' collate "C",
  since timestamptz not null default now()
);

-- No foreign key to the pepper: a generation's hashes are removed in batches.
create table identity_hash (
  generation bigint not null,
  hash bytea not null,
  medium text not null collate "C",
  address text not null collate "C",
  primary key (generation, hash)
);
create index identity_hash_address on identity_hash (medium, address);

-- base64url(this) is what clients send.
create function identity_hash_of(address text, medium text, pepper text) returns bytea
  language sql immutable strict parallel safe
  return sha256(convert_to(address || ' ' || medium || ' ' || pepper, 'UTF8'));
