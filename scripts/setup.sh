# Sourced by the other scripts: finds what the build needs, installs what is missing and keeps the checkout's
# virtual environment `.venv` up to date. Every step is skipped when it is done already.
# shellcheck shell=bash
set -euo pipefail
export LC_ALL=C.UTF-8 PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv
build=$root/build/release

say() { printf '\n== %s\n' "$*"; }
fail() { printf '\nerror: %s\n' "$*" >&2; exit 1; }

is_root() { [ "$(id -u)" -eq 0 ]; }

# True when system packages can be installed without asking for a password.
may_install() {
  command -v apt-get >/dev/null || return 1
  is_root || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

apt_get() {
  local as_root=()
  is_root || as_root=(sudo -n)
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

package_lists_are_new=no
update_package_lists() {
  [ "$package_lists_are_new" = no ] || return 0
  apt_get update >/dev/null || echo "warning: the package lists could not all be updated; going on with what is there"
  package_lists_are_new=yes
}

# install_packages NAME...: one call of the package manager, its output shown only when it fails.
install_packages() {
  local log
  log=$(mktemp)
  update_package_lists
  if ! apt_get install -y --no-install-recommends "$@" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

is_package() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# The `case` arms test what is needed rather than a package's name where it may come from elsewhere, too.
has() {
  case $1 in
    g++) command -v "${CXX:-c++}" >/dev/null && echo 'int main() {}' | "${CXX:-c++}" -std=c++20 -fsyntax-only -x c++ - 2>/dev/null ;;
    python3) command -v python3 >/dev/null ;;
    python3-venv) python3 -c 'import venv, ensurepip' 2>/dev/null ;;
    python3-dev) python3 -c 'import os, sysconfig as s; raise SystemExit(not os.path.exists(os.path.join(s.get_path("include"), "Python.h")))' 2>/dev/null ;;
    *) ! command -v dpkg-query >/dev/null || is_package "$1" ;;
  esac
}

# require_packages NAME...: installs the missing ones, or stops with the command that does.
require_packages() {
  local name missing=()
  for name in "$@"; do has "$name" || missing+=("$name"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  local command="sudo apt-get update && sudo apt-get install ${missing[*]}"
  may_install || fail "these system packages are missing: ${missing[*]}
Install them and run this again:
  $command"
  say "installing system packages: ${missing[*]}"
  install_packages "${missing[@]}" || fail "the system packages could not be installed. Try by hand:
  $command"
  for name in "${missing[@]}"; do
    has "$name" || fail "$name is installed, but still not usable by $(command -v python3 || echo 'the build'); see above"
  done
}

# want_packages NAME...: as above, but only says so when they cannot be had. Succeeds when all are there.
want_packages() {
  local name missing=()
  for name in "$@"; do is_package "$name" || missing+=("$name"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  may_install || return 1
  say "installing system packages: ${missing[*]}"
  install_packages "${missing[@]}"
}

# What the installed package is made from; while it stays the same, nothing is built.
fingerprint() {
  (
    cd "$root"
    python -VV
    "${CXX:-c++}" --version | head -n 1
    find CMakeLists.txt pyproject.toml cmake cpp python/gradmill -type f \
      ! -name '*.pyc' ! -name '*.so' -print0 | sort -z | xargs -0 sha256sum
  ) | sha256sum
}

cmake_is_usable() {
  local version
  version=$(cmake --version 2>/dev/null | sed -n '1s/.* //p')
  [ -n "$version" ] && [ "$(printf '%s\n' 3.21 "$version" | sort -V | head -n 1)" = 3.21 ]
}

# set_up EXTRA: makes `.venv` with GradMill built from this checkout and what the package's extra EXTRA names.
set_up() {
  local extra=$1 state stamp requirements
  require_packages g++ python3 python3-venv python3-dev libhdf5-dev
  python3 -c 'import sys; raise SystemExit(sys.version_info < (3, 9))' ||
    fail "GradMill needs Python 3.9 or newer; $(command -v python3) is $(python3 -V 2>&1)"

  if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    say "making the virtual environment .venv with $(python3 -V)"
    python3 -m venv --clear "$venv"
  fi
  export PATH=$venv/bin:$PATH VIRTUAL_ENV=$venv

  stamp=$venv/gradmill-$extra.stamp
  state=$(fingerprint)
  [ "$(cat "$stamp" 2>/dev/null)" != "$state" ] || return 0
  rm -f "$stamp"

  # The build's requirements stay in .venv, so that the build tree stays valid from one run to the next.
  read -ra requirements <<<"$(sed -n 's/^requires = \[\(.*\)\]$/\1/p' "$root/pyproject.toml" | tr -d '",')"
  cmake_is_usable || requirements+=(cmake)
  command -v ninja >/dev/null || requirements+=(ninja)
  say "installing the build's requirements: ${requirements[*]}"
  pip install -q "${requirements[@]}" </dev/null

  say "building and installing GradMill with the extra [$extra] (the first time takes some minutes)"
  local started=$SECONDS log=$venv/gradmill-build.log
  if ! CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)} CMAKE_GENERATOR=Ninja \
    pip install -v --no-build-isolation --config-settings=build-dir="$build" "$root[$extra]" >"$log" 2>&1 </dev/null; then
    grep -n -m 8 -A 12 -E 'GradMill needs|[Ee]rror:|CMake Error|FAILED' "$log" | cut -c 1-300 | head -n 100 >&2 || true
    fail "the build failed; its whole output is in $log"
  fi
  echo "done in $((SECONDS - started)) s"

  # An environment serves several extras; those stamps that speak of older sources are void now.
  local other
  for other in "$venv"/gradmill-*.stamp; do
    [ "$(cat "$other" 2>/dev/null)" = "$state" ] || rm -f "$other"
  done
  echo "$state" >"$stamp"
}

# build_tree FOLDER: shows the compiler's warnings; the whole output lies in FOLDER/build.log.
build_tree() {
  local log=$1/build.log
  if ! cmake --build "$1" --parallel "$(nproc)" >"$log" 2>&1; then
    grep -n -m 5 -A 12 -E 'error:|FAILED|undefined reference' "$log" | cut -c 1-300 | head -n 60
    echo "the build failed; its whole output is in $log"
    return 1
  fi
  grep -A 4 'warning:' "$log" || true
}
