-- The role :role, the database :database that it owns, and nobody else in it. C collation: Synapse insists on it.
SELECT :'password' = '' AS no_password \gset
\if :no_password
  \echo 'The password file of this role is missing or empty:' :role
  DO 'BEGIN RAISE EXCEPTION ''no password''; END';
\endif

SELECT format('CREATE ROLE %I', :'role')
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';

SELECT format('CREATE DATABASE %I OWNER %I ENCODING ''UTF8'' LOCALE ''C'' TEMPLATE template0', :'database', :'role')
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
REVOKE CONNECT ON DATABASE :"database" FROM PUBLIC;
