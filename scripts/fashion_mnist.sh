#!/usr/bin/env bash
# Sets up GradMill in this checkout and trains a small network on Fashion-MNIST.
# Usage: scripts/fashion_mnist.sh [arguments of examples/fashion_mnist.py, such as --quick or --epochs 3]
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

set_up bench

# Where the system has no copy of the data set, its package is the nearest source; else the program downloads it.
if [ -z "${GRADMILL_DATA:-}" ] && [ ! -d /usr/share/datasets/fashion-mnist ]; then
  want_packages dataset-fashion-mnist || echo "no system package dataset-fashion-mnist; the program looks elsewhere"
fi

say "python examples/fashion_mnist.py $*"
exec python "$root/examples/fashion_mnist.py" "$@"
