# shellcheck shell=bash
# Steps of more than one command.

lints() {
  cargo clippy --workspace --all-targets --all-features -- -D warnings
}

# The prose of rustdoc and the book. Needs Node.js.
style() {
  node --test tests/style.test.mjs && node tests/style.mjs
}

# Compares the hot paths with the figures in the repository.
instructions() {
  node --test tests/instructions/figures.test.mjs && node tests/instructions/run.mjs
}

# Fails if a dependency of socketio-core does IO, reads a clock or generates random numbers.
core_dependencies() {
  local tree impure='(tokio|hyper|http|tower|futures|rand|async)([_-].*)?|getrandom|fastrand|mio|socket2|parking_lot|chrono|time'
  tree=$(cargo tree --package socketio-core --edges normal --all-features --prefix none) || return
  if cut -d ' ' -f 1 <<<"$tree" | sort -u | grep -xE "$impure"; then
    echo "socketio-core must not depend on these"
    return 1
  fi
}

# Fails if the sources of socketio-core do so themselves. Comments and unit tests, at the end of a file, are exempt.
core_sources() {
  local file impure='Instant::now|SystemTime|Mutex|RwLock|Condvar|std::(thread|net|fs|env|process)|thread_local!'
  local found=0
  for file in $(find socketio-core/src -name '*.rs' | sort); do
    if sed '/^#\[cfg(test)\]$/,$d; s|^ *//.*||' "$file" | grep -nE "$impure" | sed "s|^|$file:|" | grep .; then
      found=1
    fi
  done
  return $found
}

wasm_is_installed() {
  [ -d "$(rustc --print target-libdir --target wasm32-unknown-unknown)" ]
}
