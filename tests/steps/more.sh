# shellcheck shell=bash
# The steps of `tests/run more`: slow checks that rarely break.

more() {
  local features proxy tag
  programs

  step "Tests of the crates, default features" cargo test --package socketio-core --package socketio-tower
  for features in $(feature_sets); do
    step "The layer builds with $features" cargo check --package socketio-tower --features "$features"
  done
  valgrind_program || [ -z "${CI:-}" ] || give_up "no valgrind"
  if installed valgrind; then
    step "Instructions of the hot paths" instructions
  else
    skip "Instructions of the hot paths" "install valgrind"
  fi
  step "Messages of the compiler" cargo test --package socketio-diagnostics
  step "Models of threads" models
  step "The examples build alone" cargo check --package socketio-examples
  step "The crates can be packaged" packages
  step "Formatting of the benchmark" cargo fmt --all --check --manifest-path tests/bench/Cargo.toml
  step "Lints of the benchmark" benchmark clippy --all-targets -- -D warnings
  step "Tests of the benchmark" benchmark test
  step "Servers to test" servers
  step "The load of the benchmark against its server" load

  npm_packages tests/e2e || give_up "npm ci failed in tests/e2e"
  npm_packages tests/cluster || give_up "npm ci failed in tests/cluster"
  step "Node's readers of 100,000 messages" readers
  for proxy in nginx haproxy caddy apache2; do
    if installed "$proxy" openssl; then
      step "The book's configuration of $proxy" timeout 600 node tests/proxies/run.mjs --bin "$bin" --only "$proxy"
    else
      skip "The book's configuration of $proxy" "apt-get install $proxy openssl"
    fi
  done

  redis_server || [ -z "${CI:-}" ] || give_up "no Redis"
  if "$REDIS_SERVER" --version >/dev/null 2>&1; then
    step "Clusters that act through either kind of server" clusters RNN,NNR,RRN
  else
    skip "Clusters that act through either kind of server" "install redis-server"
  fi
  npm_packages examples/cluster || give_up "npm ci failed in examples/cluster"
  npm_packages tests/browser || give_up "npm ci failed in tests/browser"
  chromium || give_up "no Chromium"
  if installed nginx && "$REDIS_SERVER" --version >/dev/null 2>&1; then
    step "Browsers against the cluster example" env CLUSTER="$bin/cluster" \
      timeout 300 node --test tests/browser/cluster.test.mjs
  else
    skip "Browsers against the cluster example" "apt-get install nginx redis-server"
  fi
  for proxy in haproxy caddy; do
    if installed "$proxy" && "$REDIS_SERVER" --version >/dev/null 2>&1; then
      step "The cluster example behind $proxy" timeout 300 node examples/cluster/client.mjs "$bin/cluster" "$proxy"
    else
      skip "The cluster example behind $proxy" "apt-get install $proxy redis-server"
    fi
  done

  minimum_rust
  if [ -n "$toolchain" ]; then
    step "The crates build with Rust $rust_version" cargo "+$toolchain" check --workspace --all-features --locked
  else
    skip "The crates build with Rust $rust_version" "rustup toolchain install $rust_version"
  fi

  if installed cargo-deny; then
    step "Licences and sources of the dependencies" cargo deny check bans licenses sources
    step "Advisories on the dependencies" cargo deny check advisories
  else
    skip "Licences and sources of the dependencies" "cargo install cargo-deny --locked"
    skip "Advisories on the dependencies" "cargo install cargo-deny --locked"
  fi

  if ! tag=$(git describe --tags --abbrev=0 2>/dev/null); then
    skip "The public API since the last tag" "git fetch --tags; before the first release there is none"
  elif installed cargo-semver-checks; then
    step "The public API since the last tag, $tag" cargo semver-checks --package socketio-core --package socketio-tower \
      --baseline-rev "$tag"
  else
    skip "The public API since the last tag" "cargo install cargo-semver-checks --locked"
  fi

  if installed cargo-fuzz && rustup toolchain list 2>/dev/null | grep '^nightly-' >/dev/null; then
    step "The fuzz targets build" fuzz_targets
  else
    skip "The fuzz targets build" "rustup toolchain install nightly && cargo install cargo-fuzz --locked"
  fi
}

# Runs the models of threads under loom. The flag rebuilds all dependencies, so they get a target folder of their own.
models() {
  RUSTFLAGS="${RUSTFLAGS:-} --cfg socketio_loom" CARGO_TARGET_DIR=$target/models \
    cargo test --locked --package socketio-tower --lib models
}

# Packages the crates as for a release, and builds them from their packages. Needs no network: the crates that are not
# published yet are taken from each other's packages.
packages() {
  cargo package --offline --allow-dirty --package socketio-core --package socketio-tower-macros --package socketio-tower
}

# Checks the benchmark, a workspace of its own, without measuring anything.
benchmark() {
  local command=$1
  shift
  CARGO_TARGET_DIR=$target/bench cargo "$command" --locked --manifest-path tests/bench/Cargo.toml --workspace "$@"
}

# Runs each kind of load for a moment, except for the slow ones. The load generator checks every reply.
load() {
  with_server bench_server load_all
}

load_all() {
  local workload
  for workload in echo32 echo16k ack binary open10k bcast1k rooms room10_2w join100 conn_ws conn_full storm polling \
    inbound13 inbound64 inbound_ack inbound_post retained empty one relay; do
    timeout 60 "$target/bench/debug/load" "$workload" --url "http://127.0.0.1:$port" --pid "$server" --seconds 0.2 \
      --connections 50 || return
  done
}

# Has the readers of Node's adapters decode messages of every kind.
readers() {
  "$bin/cluster_messages" 100000 | node tests/cluster/readers.mjs
}

# Prints each feature of the layer and each pair, as `macros,testing`. tests/run checks none and all.
feature_sets() {
  cargo metadata --no-deps --format-version 1 | node -e '
    const { packages } = JSON.parse(require("fs").readFileSync(0));
    const { features } = packages.find(({ name }) => name === "socketio-tower");
    const names = Object.keys(features).filter((name) => name !== "default");
    for (const [i, one] of names.entries()) {
      console.log(one);
      for (const other of names.slice(i + 1)) console.log(`${one},${other}`);
    }'
}

# Succeeds if all of these programs are installed.
installed() {
  local program
  for program; do
    command -v "$program" >/dev/null || return
  done
}

# Sets `rust_version` from Cargo.toml, and `toolchain` to an installed toolchain of that version, if any.
minimum_rust() {
  rust_version=$(sed -n 's/^rust-version = "\([0-9.]*\)".*/\1/p' Cargo.toml)
  toolchain=$(rustup toolchain list 2>/dev/null | sed 's/ .*//' | grep --max-count 1 -E "^${rust_version//./\\.}(\.[0-9]+)?-")
}

fuzz_targets() {
  (cd tests && cargo +nightly fuzz build --target-dir "$target/fuzz")
}
