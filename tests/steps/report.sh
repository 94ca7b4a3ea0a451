# shellcheck shell=bash
# Functions that run and count steps.

passed=0 skipped=0 failed=() costs=()

# Runs a command and counts its result; a failure does not end the run.
step() {
  local name=$1 start=$SECONDS
  shift
  title "$name"
  if "$@" </dev/null; then
    passed=$((passed + 1))
    cost $((SECONDS - start)) "$name"
    echo "ok: $name ($((SECONDS - start)) s)"
  else
    failed+=("$name")
    cost $((SECONDS - start)) "$name (failed)"
    echo "FAILED: $name: $*"
  fi
}

skip() {
  title "$1"
  skipped=$((skipped + 1))
  cost - "$1 (skipped)"
  echo "skipped; to enable it: $2"
}

# Adds a line to the table of durations.
cost() { costs+=("$(printf '%7s  %s' "$1" "$2")"); }

# Prints the duration of each step and the counts. Fails if a step has failed.
result() {
  title "Result"
  printf '%7s  %s\n' seconds step
  [ ${#costs[@]} -eq 0 ] || printf '%s\n' "${costs[@]}"
  printf '%7s  %s\n\n' "$SECONDS" "all together"
  [ ${#failed[@]} -eq 0 ] || printf 'failed: %s\n' "${failed[@]}"
  echo "steps: $passed passed, ${#failed[@]} failed, $skipped skipped"
  [ ${#failed[@]} -eq 0 ]
}

# Prints the result of a run that is interrupted.
on_signal() {
  result
  echo "ended by a signal"
  exit 130
}

title() { printf '\n=== %s\n' "$1"; }

need() { command -v "$1" >/dev/null || give_up "$1 is missing: $2"; }

give_up() {
  echo "tests/run: $1" >&2
  exit 1
}
