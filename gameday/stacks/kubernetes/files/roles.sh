#!/bin/bash
# Once, in a new database: roles and tables.
set -euo pipefail
secret() { cat "/run/staging/$1"; }
psql -v ON_ERROR_STOP=1 -q -U postgres -d postgres <<SQL
CREATE ROLE auth LOGIN CONNECTION LIMIT 134 PASSWORD '$(secret auth)';
CREATE ROLE batch LOGIN PASSWORD '$(secret batch)';
CREATE ROLE replicator LOGIN REPLICATION PASSWORD '$(secret replicator)';
ALTER DATABASE postgres OWNER TO auth;
SQL
{ echo "SET SESSION AUTHORIZATION auth;"; cat /database/schema.sql; } | psql -v ON_ERROR_STOP=1 -q -U postgres -d postgres
