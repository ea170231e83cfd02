#!/bin/bash
# A database server from an empty folder: the first one is made anew, any other is a copy of its peer. Passwords come
# from files that the platform made.
set -euo pipefail
secret() { cat "/run/staging/$1"; }
POSTGRES_PASSWORD=$(secret postgres)
export POSTGRES_PASSWORD
if [ ! -s "$PGDATA/PG_VERSION" ] && { [ "${FIRST:-}" != yes ] || [ -e "/run/staging/copy-$NAME" ]; }; then
  mkdir -p "$PGDATA"
  chown postgres: "$PGDATA"
  chmod 700 "$PGDATA"
  until pg_isready -q -h "$PEER" -U postgres -t 2; do sleep 0.2; done
  gosu postgres pg_basebackup --pgdata="$PGDATA" --write-recovery-conf --wal-method=stream --checkpoint=fast --no-sync \
    --dbname="host=$PEER user=replicator password=$(secret replicator) application_name=$NAME connect_timeout=5"
fi
exec docker-entrypoint.sh postgres "$@"
