# shellcheck shell=bash
# How steps are run and counted.

passed=0 skipped=0 failed=()

# Counts what a command says, and goes on.
step() {
  local name=$1 start=$SECONDS
  shift
  title "$name"
  if "$@" </dev/null; then
    passed=$((passed + 1))
    echo "ok: $name ($((SECONDS - start)) s)"
  else
    failed+=("$name")
    echo "FAILED: $name: $*"
  fi
}

skip() {
  title "$1"
  skipped=$((skipped + 1))
  echo "skipped; to have it: $2"
}

title() { printf '\n=== %s\n' "$1"; }

need() { command -v "$1" >/dev/null || give_up "$1 is missing: $2"; }

give_up() {
  echo "tests/run: $1" >&2
  exit 1
}
