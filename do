#!/bin/sh
# The one script: run and test first install what is missing; alone it lists the rest.
# shellcheck disable=SC2086 # $all is a list of words
set -eu
cd "$(dirname "$0")"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/aurorasoc
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}" PATH="$HOME/.cargo/bin:$PATH" CARGO_INCREMENTAL="${CARGO_INCREMENTAL:-0}"
export AURORASOC_UI_DIST="$CARGO_TARGET_DIR/ui-dist"

say() { printf '== %s\n' "$*"; }
stop() { printf '%s\n' "$*" >&2; exit 1; }

# Installs Debian packages for the words given: "package", or "command:package" when the command
# may have come from elsewhere.
packages() {
  missing=
  for word; do
    case $word in
      *:*) command -v "${word%%:*}" >/dev/null 2>&1 || missing="$missing ${word##*:}" ;;
      *) dpkg -s "$word" 2>/dev/null | grep -q '^Status: install ok installed' || missing="$missing $word" ;;
    esac
  done
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || stop "Please install what Debian calls:$missing"
  root=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || stop "Please run this as root, then ./do again:
  apt-get update && apt-get install -y --no-install-recommends$missing"
    root=sudo
  fi
  say "Debian packages:$missing"
  $root apt-get update -q
  $root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
}

toolchain() {
  if ! command -v rustup >/dev/null; then
    case $(uname -m) in
      x86_64) sum=20a06e644b0d9bd2fbdbfd52d42540bdde820ea7df86e92e533c073da0cdd43c ;;
      aarch64) sum=e3853c5a252fca15252d07cb23a1bdd9377a8c6f3efa01531109281ae47f841c ;;
      *) stop "No pinned rustup for $(uname -m): install rustup by hand, then ./do again." ;;
    esac
    say "rustup 1.28.2"
    mkdir -p "$cache"
    curl -fsSL -o "$cache/rustup-init" \
      "https://static.rust-lang.org/rustup/archive/1.28.2/$(uname -m)-unknown-linux-gnu/rustup-init"
    echo "$sum  $cache/rustup-init" | sha256sum -c - || stop "rustup-init is not the pinned file; it was not run."
    chmod +x "$cache/rustup-init"
    "$cache/rustup-init" -y -q --no-modify-path --profile minimal --default-toolchain none
  fi
  channel=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
  case $(rustup toolchain list) in
    *"$channel"-*) ;;
    *) say "Rust $channel" && rustup toolchain install "$channel" --profile minimal -c clippy -c rustfmt ;;
  esac
  rustup target list --installed | grep -q wasm32-unknown-unknown ||
    { say "WebAssembly target" && rustup target add wasm32-unknown-unknown; }
}

# npm ci, when the lock file in folder $1 is not the one that was installed.
npm_packages() {
  [ -f "$1/package-lock.json" ] || return 0
  cmp -s "$1/package-lock.json" "$1/node_modules/.installed" && return 0; say "npm packages of $1"
  (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund && cp package-lock.json node_modules/.installed)
}

need_build() {
  packages cc:build-essential pkg-config:pkg-config curl:curl ca-certificates libwebkit2gtk-4.1-dev \
    node:nodejs npm:npm wasm-opt:binaryen fonts-dejavu-core
  toolchain
  npm_packages ui
}

need_test() {
  need_build
  packages Xvfb:xvfb xauth:xauth xdotool:xdotool convert:imagemagick WebKitWebDriver:webkit2gtk-driver \
    dbus-run-session:dbus gnome-keyring-daemon:gnome-keyring chromium:chromium chromedriver:chromium-driver \
    python3:python3 python3-venv pip:python3-pip ip:iproute2 shellcheck:shellcheck
  npm_packages tests
}

# The UI's files for the server to embed; $1 is a profile and the name of its folder.
ui() {
  say "UI ($1)"
  cargo build -p ui --target wasm32-unknown-unknown ${2:+"$2"}
  cargo run -q -p bundle -- --wasm "$CARGO_TARGET_DIR/wasm32-unknown-unknown/$1/ui.wasm" --out "$AURORASOC_UI_DIST" \
    ${2:+"$2"}
}

all="--workspace --exclude ui"
everything() { say "build"; cargo build $all "$@"; }

checks() {
  say "checks"
  shellcheck ./do .ci/run tests/fresh tests/fuzz tests/licences
  cargo fmt --all --check
  cargo clippy -q $all --all-targets -- -D warnings
  cargo clippy -q -p ui --target wasm32-unknown-unknown -- -D warnings
  tests/licences
}

case ${1-} in
  run) shift; need_build; ui debug; everything; say "opening the window"
    exec "$CARGO_TARGET_DIR/debug/aurorasoc-desktop" "$@" ;;
  test) shift; need_test; ui debug; checks; everything; say "tests"; cargo test $all --no-fail-fast "$@" ;;
  dev) shift; ui debug; everything -q; exec "$CARGO_TARGET_DIR/debug/aurorasoc-desktop" "$@" ;;
  build) need_build; AURORASOC_UI_DIST=$AURORASOC_UI_DIST-release; ui release --release; say "build"
    cargo build --release -p aurorasoc -p aurorasoc-desktop
    mkdir -p dist && cp "$CARGO_TARGET_DIR"/release/aurorasoc "$CARGO_TARGET_DIR"/release/aurorasoc-desktop dist/ ;;
  deb) need_build; (cd src-tauri && npm install --ignore-scripts --no-package-lock --no-audit --no-fund); AURORASOC_UI_DIST=$AURORASOC_UI_DIST-release; ui release --release
    cargo build --release -p aurorasoc
    mkdir -p dist && cp "$CARGO_TARGET_DIR"/release/aurorasoc dist/
    src-tauri/node_modules/.bin/tauri build --bundles deb --ci
    cp "$CARGO_TARGET_DIR"/release/bundle/deb/*.deb dist/ && ls -l dist ;;
  bench) shift; cargo build -q --release -p aurorasoc --examples; exec python3 tests/figures.py dist "$@" ;;
  kill) need_build; ui debug; everything -q; AURORASOC_KILLS="${2-500}" cargo test $all kill:: -- --nocapture ;;
  screenshots) need_test; ui debug; everything -q; AURORASOC_SCREENSHOTS="$PWD/docs/screenshots" cargo test $all browser:: ;;
  bless) need_build; AURORASOC_BLESS=1 cargo test $all -- plans:: stores:: ;;
  bench-sigma) shift; cd tests/bench-peers; exec cargo run -q --release --locked -- "$@" ;;
  bench-import) shift; cargo build -q --release -p aurorasoc; export AURORASOC_BIN="$CARGO_TARGET_DIR/release/aurorasoc"
    cd tests/bench-peers; exec cargo run -q --release --locked -- --import "$@" ;;
  fuzz) tests/fuzz "${2-60}" ;;
  fresh) shift; exec tests/fresh "$@" ;;
  *) cat <<'LIST'
./do run [ARGUMENTS]   installs what is missing, builds, opens the app
./do test [ARGUMENTS]  installs what is missing, runs every check and test
./do dev [ARGUMENTS]   rebuilds without looking for what is missing, and opens the app
./do build             release binaries in dist/
./do deb               a Debian package in dist/
./do bench FOLDER      figures of the release build in dist/ on a folder of EVTX files, as JSON
./do bench-sigma [--diff]  the Sigma engine and EVTX reader beside their peers, as JSON
./do bench-import [--only FORMAT]  every reader beside a crate that only parses, import beside its parts, as JSON
./do bench-import --cgroup BYTES   imports so many of EVTX in 1 GiB of memory (root); --foretold: forecasts
./do fuzz [SECONDS]    every fuzz target for SECONDS (60)
./do kill [NUMBER]     imports killed at NUMBER (500) moments
./do screenshots       renews docs/screenshots
./do bless             rewrites the golden files
./do fresh [--deb] [FOLDER]   proves run and test, or the package, in a bare Debian 12 (root; not in CI)
LIST
    [ -z "${1-}" ] || exit 2 ;;
esac
