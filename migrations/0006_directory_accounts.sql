-- An account may also come from a directory of people: its word is kept while the directory does not answer.
alter table person drop constraint person_source_check;
alter table person add constraint person_source_check check (source in ('telecom', 'stored', 'directory', 'ghost'));
