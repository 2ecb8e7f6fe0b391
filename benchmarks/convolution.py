"""Speed of single convolutions on one thread: forward, input gradient and kernel gradient.

    python benchmarks/convolution.py                           # every layer of the table
    python benchmarks/convolution.py --layers resnet50,cifar   # those whose name holds one of the words
    python benchmarks/convolution.py --kernels                 # the name of the kernel that ran beside each figure

Processor time of the thread, so that other work on the machine does not count; the best of several runs. Ordinary
convolutions are given in GFLOP/s (two operations for each multiplication of the direct method) and as a share of what a
matrix product of side 192 reaches in the same run; depthwise ones in GB/s of inputs and outputs that must pass.
"""

import argparse
import time

import numpy as np

import gradmill as gm
from gradmill import _core

# name, batch, height = width, kernel, stride, channels, filters; depthwise where filters is 0
LAYERS = [
    ("resnet50 7x7s2 3-64@224", 16, 224, 7, 2, 3, 64),
    ("resnet50 3x3 64@56", 16, 56, 3, 1, 64, 64),
    ("resnet50 3x3 128@28", 16, 28, 3, 1, 128, 128),
    ("resnet50 3x3 256@14", 16, 14, 3, 1, 256, 256),
    ("resnet50 3x3 512@7", 16, 7, 3, 1, 512, 512),
    ("resnet50 3x3s2 128@56", 16, 56, 3, 2, 128, 128),
    ("resnet50 3x3s2 256@28", 16, 28, 3, 2, 256, 256),
    ("resnet50 3x3s2 512@14", 16, 14, 3, 2, 512, 512),
    ("resnet50 1x1s2 256-128@56", 16, 56, 1, 2, 256, 128),
    ("resnet50 1x1s2 1024-2048@14", 16, 14, 1, 2, 1024, 2048),
    ("resnet50 1x1 256-64@56", 16, 56, 1, 1, 256, 64),
    ("alexnet 11x11s4 3-64@224", 16, 224, 11, 4, 3, 64),
    ("alexnet 5x5 64-192@27", 16, 27, 5, 1, 64, 192),
    ("mnist 3x3 1-32@28", 128, 28, 3, 1, 1, 32),
    ("cifar b32 3x3 64@8", 32, 8, 3, 1, 64, 64),
    ("cifar b32 3x3 128@4", 32, 4, 3, 1, 128, 128),
    ("cifar b32 3x3 256@2", 32, 2, 3, 1, 256, 256),
    ("cifar b32 3x3 512@1", 32, 1, 3, 1, 512, 512),
    ("cifar b128 3x3 128@4", 128, 4, 3, 1, 128, 128),
    ("cifar b128 3x3 256@2", 128, 2, 3, 1, 256, 256),
    ("cifar b128 3x3 512@1", 128, 1, 3, 1, 512, 512),
    ("depthwise 3x3 32@112", 16, 112, 3, 1, 32, 0),
    ("depthwise 3x3s2 96@112", 16, 112, 3, 2, 96, 0),
    ("depthwise 3x3 144@56", 16, 56, 3, 1, 144, 0),
    ("depthwise 3x3s2 144@56", 16, 56, 3, 2, 144, 0),
    ("depthwise 3x3 192@28", 16, 28, 3, 1, 192, 0),
    ("depthwise 3x3 384@14", 16, 14, 3, 1, 384, 0),
    ("depthwise 3x3 960@7", 16, 7, 3, 1, 960, 0),
    ("depthwise 5x5 240@28", 16, 28, 5, 1, 240, 0),
    ("depthwise 5x5s2 240@28", 16, 28, 5, 2, 240, 0),
]


def seconds_of(function, tensors, budget):
    """Best time of one run, and the kernels that ran."""
    plan = gm.function(function).plan_for(*tensors)
    inputs = [gm.ops.convert_to_tensor(each) for each in tensors]

    def elapsed(repeats):
        start = time.thread_time()
        plan.profile(inputs, repeats=repeats)
        return time.thread_time() - start

    # The first run of a profile meets fresh memory; more runs make that small.
    repeats = max(5, min(200, int(0.25 * budget / elapsed(1))))
    best, spent = float("inf"), 0.0
    while spent < budget:
        taken = elapsed(repeats)
        best = min(best, taken / repeats)
        spent += taken
    kernels = [line.split()[2] for line in plan.describe().splitlines() if "convolution" in line]
    return best, kernels


def measure(layer, budget, peak, show_kernels):
    """One line of the table."""
    name, batch, size, window, stride, channels, filters = layer
    generator = np.random.default_rng(0)
    out = -(-size // stride)
    total = max(0, (out - 1) * stride + window - size)
    groups = channels if filters == 0 else 1
    attributes = {
        "strides": (stride,) * 2,
        "padding_low": (total // 2,) * 2,
        "padding_high": (total - total // 2,) * 2,
        "groups": groups,
    }
    filters = filters or channels

    def draw(*shape):
        return generator.random(shape, dtype="float32") - 0.5

    x, dy = draw(batch, size, size, channels), draw(batch, out, out, filters)
    kernel = draw(window, window, channels // groups, filters)
    ops = _core.ops
    cases = [
        (lambda a, b: ops.convolution(a, b, **attributes), (x, kernel)),
        (lambda a, b: ops.convolution_input_gradient(a, b, input_size=(size,) * 2, **attributes), (dy, kernel)),
        (lambda a, b: ops.convolution_kernel_gradient(a, b, kernel_size=(window,) * 2, **attributes), (x, dy)),
    ]
    text = f"{name:30s}"
    for function, tensors in cases:
        seconds, kernels = seconds_of(function, tensors, budget)
        if groups > 1:
            text += f"{(x.nbytes + dy.nbytes) / seconds / 1e9:8.1f} GB/s {seconds * 1e3:8.2f} ms"
        else:
            rate = 2.0 * batch * out * out * window * window * channels * filters / seconds / 1e9
            text += f"{rate:8.1f} {rate / peak:4.0%} {seconds * 1e3:8.2f} ms"
        text += f" {kernels[0]:10s}" if show_kernels and kernels else ""
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", default="", help="words; layers whose name holds one of them are measured")
    parser.add_argument("--budget", type=float, default=0.5, help="seconds for each figure")
    parser.add_argument("--kernels", action="store_true", help="show which kernel ran")
    arguments = parser.parse_args()
    gm.config.set_threads(1)
    side = np.random.default_rng(0).random((192, 192), dtype="float32")
    peak = 2 * 192**3 / seconds_of(gm.ops.matmul, (side, side), arguments.budget)[0] / 1e9
    print(f"{gm.config.instruction_set()}, one thread, matrix product of side 192: {peak:.1f} GFLOP/s")
    print(f"{'':30s}{'forward':>26s}{'input gradient':>26s}{'kernel gradient':>26s}")
    words = [word for word in arguments.layers.split(",") if word]
    for layer in LAYERS:
        if not words or any(word in layer[0] for word in words):
            print(measure(layer, arguments.budget, peak, arguments.kernels), flush=True)


if __name__ == "__main__":
    main()
