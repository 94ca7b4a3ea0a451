# shellcheck shell=bash
# The servers of this workspace, and clients against them.

# Builds their programs. With the profile, the features and the dependencies of the tests, it reuses the builds of the step
# "Tests"; without `--tests`, 56 more crates are built for features that only dev-dependencies enable.
servers() {
  cargo build --workspace --exclude socketio-diagnostics --all-features --bins --tests --profile test
}

# Runs an example's client against its server.
example() {
  with_server "$1" example_client "$1"
}

example_client() {
  TONIC_BIN=$bin/tonic timeout 60 node "examples/$1/client.mjs" "http://127.0.0.1:$port"
}

# Starts a server on a free port, and runs a command with `port` and `server`, its process id, set.
with_server() {
  local port status server name=$1
  shift
  port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
  PORT=$port "$bin/$name" &
  server=$!
  node -e 'const net = require("net"); let tries = 200; const dial = () => net.connect(+process.argv[1], "127.0.0.1").on("connect", () => process.exit(0)).on("error", () => --tries ? setTimeout(dial, 50) : process.exit(1)); dial()' "$port" &&
    "$@"
  status=$?
  kill "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  return $status
}

# Runs stock clients against clusters of servers: one letter for each server, N for Node.
clusters() {
  timeout 900 node tests/cluster/run.mjs --rust "$bin/cluster_node" --clusters "$@" &&
    timeout 300 node tests/cluster/run.mjs --rust "$bin/cluster_node" --emitter "$bin/cluster_emitter" --only emitter --clusters NRN
}
