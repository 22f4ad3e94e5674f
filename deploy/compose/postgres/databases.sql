-- A role and a database for each service. Run with psql as a superuser; running it again changes nothing but sets the
-- passwords once more, so a new password file counts at the next run.
\set ON_ERROR_STOP on
SET log_min_error_statement = panic; -- the server's log never shows a password
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;

\set role synapse
\set database synapse_db
\set password `cat /run/secrets/synapse_password`
\ir one-database.sql

\set role hapi
\set database fhir_db
\set password `cat /run/secrets/hapi_password`
\ir one-database.sql

\set role bridge
\set database bridge_db
\set password `cat /run/secrets/bridge_password`
\ir one-database.sql
