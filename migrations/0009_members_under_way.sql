-- Members who need not be in the room: people's voices, and those whom a convergence is about to bring in, stored before it
-- does. Should its process die on the way, whoever FHIR drops before the next one was brought in by the bridge all the same,
-- and did not come by Matrix.
alter table room_member add column pending boolean not null default false;
