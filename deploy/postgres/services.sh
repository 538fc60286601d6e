#!/bin/sh
# Run once by the postgres image: a database and a role per service, and no way across.
set -eu
for service in training models monitoring realtime orchestration; do
  psql -v ON_ERROR_STOP=1 -v name="forge_$service" -v password="$SERVICE_PASSWORD" --username postgres <<'SQL'
    CREATE ROLE :"name" LOGIN PASSWORD :'password';
    CREATE DATABASE :"name" OWNER :"name";
    REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
done
