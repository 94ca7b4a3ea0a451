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

# Unpacks Redis from Debian's packages below the target folder, unless it is installed or REDIS_SERVER names one, and sets
# REDIS_SERVER. Installs no package and starts no service, so it does not need root.
redis_server() {
  local folder=$target/redis
  REDIS_SERVER=${REDIS_SERVER:-$(command -v redis-server)} || REDIS_SERVER=$folder/redis-server
  export REDIS_SERVER
  if "$REDIS_SERVER" --version >/dev/null 2>&1; then
    echo "$REDIS_SERVER is there"
    return
  fi
  if [ "$REDIS_SERVER" != "$folder/redis-server" ]; then
    echo "$REDIS_SERVER does not run" >&2
    return 1
  fi
  if ! command -v apt-get >/dev/null; then
    echo "install redis-server, or run this on Debian" >&2
    return 1
  fi
  echo "$REDIS_SERVER: packages of Debian"
  rm -rf "$folder" && mkdir -p "$folder" || return
  # The lists of the system may be missing, or name packages that a newer version has replaced.
  redis_packages "$folder" || redis_packages "$folder" update || return
  redis_wrapper "$folder" >"$REDIS_SERVER" && chmod +x "$REDIS_SERVER" && "$REDIS_SERVER" --version
}

# Downloads and unpacks redis-server and those of its dependencies that are not installed. With `update`, from package lists
# of its own.
redis_packages() {
  local folder=$1 package packages options=(--quiet=2 -o APT::Sandbox::User=root)
  mkdir -p "$folder"/apt/{lists,archives}/partial || return
  if [ "${2:-}" = update ]; then
    options+=(-o "Dir::State::lists=$folder/apt/lists" -o "Dir::Cache=$folder/apt")
    apt-get "${options[@]}" update </dev/null || return
  fi
  packages=$(apt-get "${options[@]}" --simulate --no-install-recommends install redis-server </dev/null |
    sed -n 's/^Inst \([^ ]*\).*/\1/p')
  [ -n "$packages" ] || return
  # shellcheck disable=SC2086
  (cd "$folder/apt/archives" && apt-get "${options[@]}" download $packages </dev/null) || return
  for package in "$folder"/apt/archives/*.deb; do
    dpkg --extract "$package" "$folder" || return
  done
  rm -r "$folder/apt"
}

# Prints a program that runs the unpacked server with the unpacked libraries.
redis_wrapper() {
  cat <<'END'
#!/bin/sh
folder=$(dirname "$0")
LD_LIBRARY_PATH=$(echo "$folder"/usr/lib/*-linux-*)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
exec "$folder/usr/bin/redis-server" "$@"
END
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
