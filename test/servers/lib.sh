# Where are the downloaded servers, who runs them, and how are they started and stopped?  (sourced, never run)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${MILVUS_FDW_CACHE:-/var/cache/milvus_fdw}
es_version=8.15.5
milvus_version=2.3.5
minio_version=v0.0.0-20260212201848-7aac2a2c5b7c
go_version=1.24.8
minio_home=$cache/minio
es_home=$cache/elasticsearch-$es_version
milvus_home=$cache/milvus-$milvus_version
python=$cache/venv/bin/python
lite_venv=$cache/lite
pgvector_venv=$cache/pgvector
pg_major=15
# PG_CONFIG chooses another PostgreSQL than Debian's
pg_bin=$("${PG_CONFIG:-/usr/lib/postgresql/$pg_major/bin/pg_config}" --bindir 2>/dev/null || echo "/usr/lib/postgresql/$pg_major/bin")

die() { echo "$(basename "$0"): $*" >&2; exit 1; }
say() { echo "$(basename "$0"): $*" >&2; }

jdk() {
    local d
    for d in /usr/lib/jvm/java-17-openjdk-*; do
        [ -x "$d/bin/java" ] && { echo "$d"; return; }
    done
    die "no OpenJDK 17 under /usr/lib/jvm; run test/setup"
}

# Only the loopback interface, and it is up: nothing outside this machine can reach a server started here.
in_namespace() {
    local links
    links=$(ip -o link) || return 1
    [ "$(wc -l <<<"$links")" = 1 ] && grep -q '^[0-9]*: lo: <[^>]*\bUP\b' <<<"$links"
}

# Milvus listens on every interface and no setting changes that.
need_namespace() {
    in_namespace || die "refusing to start outside a network namespace of its own; use test/in_namespace"
}

# Run as an unprivileged user (Elasticsearch and PostgreSQL refuse root); a no-op for everyone but root.
as_user() {
    local user=$1
    shift
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- env HOME=/tmp "$@"
    else
        "$@"
    fi
}

server_user() {
    local user=$1
    getent passwd "$user" >/dev/null && echo "$user" || echo nobody
}

own_dir() {    # DIR USER: make DIR, give it to USER, and see that USER can get there
    mkdir -p "$1"
    chmod 755 "$1"
    [ "$(id -u)" = 0 ] && chown "$2:$(id -g "$2")" "$1"
    as_user "$2" test -w "$1" || die "user $2 cannot reach $1; every directory above it must be traversable"
}

alive() {      # PID: running, and not just a zombie waiting for its parent
    local state
    state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return 1
    [ -n "$state" ] && [ "$state" != Z ]
}

# Start CMD as a session of its own, so that stop_session can end all it forked and nothing else.
# DIR/pid holds the session leader; DIR/log its output.
start_session() {    # DIR USER CMD...
    local dir=$1 user=$2 i
    shift 2
    rm -f "$dir/pid"
    (
        exec </dev/null >>"$dir/log" 2>&1
        # setsid -f forks if need be; the inner shell is the leader, and exec keeps its pid.
        exec setsid -f bash -c 'echo $$ >"$0/pid.new" && mv "$0/pid.new" "$0/pid"; exec "$@"' "$dir" \
            "$(command -v bash)" -c 'source "$1"; user=$2; shift 2; as_user_exec "$user" "$@"' - "$here/lib.sh" "$user" "$@"
    )
    for ((i = 0; i < 50; i++)); do [ -s "$dir/pid" ] && return; sleep 0.1; done
    die "could not start $1"
}

as_user_exec() {
    local user=$1
    shift
    if [ "$(id -u)" = 0 ]; then
        exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- env HOME=/tmp "$@"
    fi
    exec "$@"
}

session_pids() {    # DIR: live processes of the session started there
    local leader p s
    leader=$(cat "$1/pid" 2>/dev/null) || return 0
    for p in $(pgrep -s "$leader" 2>/dev/null || true); do
        if alive "$p"; then echo "$p"; fi
    done
}

stop_session() {    # DIR SIGNAL SECONDS: signal the session, then SIGKILL what is left
    local dir=$1 i pids
    pids=$(session_pids "$dir")
    # shellcheck disable=SC2086
    [ -z "$pids" ] || kill -s "$2" $pids 2>/dev/null || true
    for ((i = 0; i < $3 * 10; i++)); do
        [ -z "$(session_pids "$dir")" ] && { rm -f "$dir/pid"; return; }
        sleep 0.1
    done
    for ((i = 0; i < 100; i++)); do
        pids=$(session_pids "$dir")
        [ -z "$pids" ] && { rm -f "$dir/pid"; return; }
        # shellcheck disable=SC2086
        kill -s KILL $pids 2>/dev/null || true
        sleep 0.1
    done
    die "processes $pids will not end"
}

running() { [ -n "$(session_pids "$1")" ]; }

# Ask PROBE every 0.2 s until it says yes; give up at the deadline or when the server has died.
wait_ready() {    # DIR SECONDS PROBE...
    local dir=$1 end=$((SECONDS + $2))
    shift 2
    until "$@" >/dev/null 2>&1; do
        if ! running "$dir"; then show_log "$dir"; die "the server in $dir ended while starting"; fi
        if ((SECONDS >= end)); then show_log "$dir"; die "the server in $dir is not ready in time"; fi
        sleep 0.2
    done
}

show_log() {
    echo "--- last lines of $1/log" >&2
    tail -n 40 "$1/log" >&2 || true
}

# What the tests, and a developer's shell, need to know about the servers in SCRATCH/{pg,es,milvus}.
export_servers() {    # SCRATCH
    local pg es milvus
    pg=$(cat "$1/pg/port" 2>/dev/null || echo 5432)
    es=$(cat "$1/es/port" 2>/dev/null || echo 9200)
    milvus=$(cat "$1/milvus/port" 2>/dev/null || echo 19530)
    export PGHOST=$1/pg PGPORT=$pg PGUSER=postgres PGDATABASE=postgres
    export MILVUS_FDW_CACHE=$cache MILVUS_FDW_SCRATCH=$1
    export MILVUS_FDW_ES_URL=http://localhost:$es
    export MILVUS_FDW_MILVUS_HOST=localhost MILVUS_FDW_MILVUS_PORT=$milvus
    # pymilvus warns about setuptools at each start.
    export PYTHONWARNINGS=ignore::UserWarning
    PERL5LIB=$(cd "$here/../lib" && pwd)${PERL5LIB:+:$PERL5LIB}
    export PERL5LIB
}
