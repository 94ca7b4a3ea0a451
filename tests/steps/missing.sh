# shellcheck shell=bash
# Installs the tools that steps need: under the target folder, next to a package.json, or from Debian.

# Checks for programs that are not installed automatically; sets the folders that cargo builds to.
programs() {
  need node "install Node.js 20 or newer"
  need npm "install Node.js 20 or newer"
  need timeout "install GNU coreutils"
  node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' ||
    give_up "Node.js $(node --version) is too old: install 20 or newer"
  target=$(cargo metadata --no-deps --format-version 1 |
    node -pe 'JSON.parse(require("fs").readFileSync(0)).target_directory') ||
    give_up "cargo metadata failed"
  bin=$target/debug # the test profile builds there
}

# Installs npm packages as locked.
npm_packages() {
  if [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ]; then
    echo "$1: npm packages are there"
  else
    echo "$1: npm ci"
    npm ci --prefix "$1" --no-audit --no-fund </dev/null
  fi
}

# Creates a virtual environment with the requirements of tests/e2e/python.
python_packages() {
  local folder=$target/e2e-python wanted=tests/e2e/python/requirements.txt
  if cmp -s "$wanted" "$folder/installed.txt"; then
    echo "$folder: Python packages are there"
    return
  fi
  echo "$folder: a virtual environment with $wanted"
  if ! python3 -m venv --clear "$folder" >/dev/null; then
    debian_package python3-venv && python3 -m venv --clear "$folder" || return
  fi
  # pip before 23.3 does not find an extra whose name is written with another dash.
  "$python" -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=23.3' &&
    "$python" -m pip install --quiet --requirement "$wanted" &&
    cp "$wanted" "$folder/installed.txt"
}

# Installs the browser for tests/browser, unless CHROMIUM names one.
chromium() {
  export CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
  if [ -x "$CHROMIUM" ]; then
    echo "$CHROMIUM is there"
  else
    debian_package chromium && [ -x "$CHROMIUM" ]
  fi
}

# Installs valgrind, which counts instructions; tests/instructions/run.mjs installs the runner that cargo calls.
valgrind_program() {
  if command -v valgrind >/dev/null; then
    echo "$(command -v valgrind) is there"
  else
    debian_package valgrind && command -v valgrind >/dev/null
  fi
}

debian_package() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "install $1, or run this as root on Debian" >&2
    return 1
  fi
  echo "apt-get install $1"
  apt-get update --quiet=2 </dev/null &&
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends "$1" </dev/null
}
