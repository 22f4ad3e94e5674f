-- Whether the address of a practitioner's ghost was put up for publishing in one's own directory. Ghosts that are there
-- already are put up where that is switched on, and each once: what an operator takes out again is not written anew.
alter table person add column publishing_asked boolean not null default false;
create index person_to_publish on person (reference)
  where kind = 'ghost' and not publishing_asked and reference like 'Practitioner/%';
