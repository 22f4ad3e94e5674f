-- Each look-up becomes an AuditEvent: a row is fed to the audit trail after it was stored, and who was found is known of it.
-- Rows from before this are taken as fed; those that the version before still writes are not.
alter table identity_audit
  add column found text,
  add column fed boolean not null default true;
alter table identity_audit alter column fed set default false;
create index identity_audit_unfed on identity_audit (at) where not fed;
