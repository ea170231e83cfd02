#!/bin/bash
# One database server, for as long as the file /control/stopped is not there. One that ends unasked puts it there. From an
# empty folder, a server becomes a copy of its peer, once that leads; only the first one may begin anew, where no peer listens.
set -uo pipefail
secret() { cat "/run/staging/$1"; }
server='' ending=''
trap 'ending=yes; [ -z "$server" ] || kill -INT "$server" 2>/dev/null' TERM

prepare() {
  [ -s "$PGDATA/PG_VERSION" ] && return
  rm -rf "$PGDATA"
  until peer_leads; do
    if [ "${FIRST:-}" = yes ] && [ ! -e /control/copy ] && nobody_listens; then
      begin
      return
    fi
    [ -z "$ending" ] && [ ! -e /control/stopped ] || return 1
    sleep 0.2
  done
  pg_basebackup --pgdata="$PGDATA" --write-recovery-conf --wal-method=stream --checkpoint=fast --no-sync \
    --dbname="$(peer) application_name=$NAME" || return 1
  rm -f /control/copy
}

nobody_listens() { # one that starts, hangs or cannot be reached has data that somebody may want: it is waited for
  timeout 1 bash -c ": <'/dev/tcp/$PEER/5432'" 2>/dev/null
  [ $? = 1 ]
}

peer() { echo "host=$PEER user=replicator password=$(secret replicator) connect_timeout=5"; }

peer_leads() { # a copy of one that follows itself would have nobody to follow
  [ "$(psql -tA --dbname="$(peer) dbname=postgres" -c 'SELECT pg_is_in_recovery()' 2>/dev/null)" = f ]
}

begin() {
  initdb -D "$PGDATA" -U postgres --encoding=UTF8 --locale=C --auth-local=trust --auth-host=scram-sha-256 \
    --pwfile=<(secret postgres) >/dev/null || return 1
  { echo "host all all all scram-sha-256"; echo "host replication replicator all scram-sha-256"; } >> "$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -w start -o "-c listen_addresses='' -c fsync=off" >/dev/null || return 1
  bash /database/roles.sh && pg_ctl -D "$PGDATA" -w stop -m fast >/dev/null
}

while [ -z "$ending" ]; do
  if [ -e /control/stopped ]; then
    sleep 0.05
    continue
  fi
  if ! prepare; then
    sleep 0.5
    continue
  fi
  postgres -D "$PGDATA" -c listen_addresses='*' -c max_connections=150 -c superuser_reserved_connections=6 \
    -c shared_buffers=32MB -c dynamic_shared_memory_type=mmap -c jit=off -c fsync=off -c full_page_writes=off \
    -c wal_keep_size=64MB -c wal_retrieve_retry_interval=200ms -c log_timezone=UTC -c log_line_prefix='%m|%p|%e|%u|%a|' &
  server=$!
  wait "$server"
  touch /control/stopped
  server=''
done
