#!/usr/bin/env bash
# Sets up GradMill in this checkout and runs all its checks: lint, C++ tests, Python tests, C++ tests under the
# sanitizers, and C++ tests for 64-bit Arm under qemu. One failing part does not stop the others.
# Usage: scripts/run_tests.sh [--fast] [arguments for pytest]
#   --fast  leaves out the tests marked slow, the sanitizers and 64-bit Arm
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

fast=no
if [ "${1:-}" = --fast ]; then
  fast=yes
  shift
fi
pytest_arguments=("$@")

require_packages doctest-dev libeigen3-dev
set_up test
want_packages dataset-fashion-mnist || echo "no system package dataset-fashion-mnist; tests on the real data are skipped"
cd "$root"

lint() {
  ruff check . && mypy
}

cpp_tests() {
  cmake -S . -B "$build" -D GRADMILL_BUILD_TESTS=ON >/dev/null && build_tree "$build" &&
    ctest --test-dir "$build" --output-on-failure --no-tests=error
}

python_tests() {
  local selection=()
  [ "$fast" = no ] || selection=(-m "not slow")
  GRADMILL_BUILD_DIR=$build python -m pytest "${selection[@]}" "${pytest_arguments[@]}"
}

preset_tests() {
  cmake --preset "$1" >/dev/null && build_tree "build/$1" && ctest --preset "$1"
}

aarch64_is_possible() {
  command -v aarch64-linux-gnu-g++ >/dev/null || want_packages g++-aarch64-linux-gnu || return 1
  command -v qemu-aarch64 >/dev/null || command -v qemu-aarch64-static >/dev/null || want_packages qemu-user
}

summary=()
failures=0
# part NAME COMMAND...
part() {
  local name=$1 started=$SECONDS outcome=passed
  shift
  say "$name"
  # `if` would switch off `set -e` inside; the parts chain their commands with && instead.
  "$@" </dev/null || { outcome=FAILED; failures=$((failures + 1)); }
  summary+=("$(printf '%-8s %5d s  %s' "$outcome" $((SECONDS - started)) "$name")")
}

part "lint" lint
part "C++ tests" cpp_tests
part "Python tests" python_tests
if [ "$fast" = no ]; then
  part "C++ tests under the address and undefined-behaviour sanitizers" preset_tests asan
  if aarch64_is_possible; then
    part "C++ tests for 64-bit Arm" preset_tests aarch64
  else
    summary+=("skipped           C++ tests for 64-bit Arm: needs g++-aarch64-linux-gnu and qemu-user")
  fi
fi

say "summary"
printf '%s\n' "${summary[@]}"
[ "$failures" -eq 0 ] || fail "$failures of the parts above failed"
