-- The CommunicationRequest that was made for a room of another organisation, into which a ghost was invited with a patient.
alter table invitation add column request text;
create index invitation_request on invitation (request) where request is not null;
