"""Speed of single convolutions on one thread: forward, input gradient and kernel gradient.

    python benchmarks/convolution.py                           # every layer of the table
    python benchmarks/convolution.py --layers resnet50,cifar   # those whose name holds one of the words
    python benchmarks/convolution.py --kernels                 # the name of the kernel that ran beside each figure
    python benchmarks/convolution.py --candidates              # kernels of 3x3 layers beside the choice by rule

Processor time of the thread, so that other work on the machine does not count; the best of several runs. Ordinary
convolutions are given in GFLOP/s (two operations for each multiplication of the direct method) and as a share of what a
matrix product of side 192 reaches in the same run; depthwise ones in GB/s of inputs and outputs that must pass.
"""

import argparse
import re
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
    ("vgg16 3x3 3-64@224", 1, 224, 3, 1, 3, 64),
    ("vgg16 3x3 64@224", 1, 224, 3, 1, 64, 64),
    ("vgg16 3x3 64-128@112", 2, 112, 3, 1, 64, 128),
    ("vgg16 3x3 128@112", 2, 112, 3, 1, 128, 128),
    ("vgg16 3x3 128-256@56", 4, 56, 3, 1, 128, 256),
    ("vgg16 3x3 256@56", 4, 56, 3, 1, 256, 256),
    ("vgg16 3x3 256-512@28", 8, 28, 3, 1, 256, 512),
    ("vgg16 3x3 512@28", 8, 28, 3, 1, 512, 512),
    ("vgg16 3x3 512@14", 16, 14, 3, 1, 512, 512),
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
    ("cifar b128 3x3 64@8", 128, 8, 3, 1, 64, 64),
    ("cifar b128 3x3 128@4", 128, 4, 3, 1, 128, 128),
    ("cifar b128 3x3 256@2", 128, 2, 3, 1, 256, 256),
    ("cifar b128 3x3 512@1", 128, 1, 3, 1, 512, 512),
    # Transposed layers are the input gradients here, and their input gradients the convolutions.
    ("unet 3x3s2 transposed 320-512@8", 16, 8, 3, 2, 512, 320),
    ("unet 3x3s2 transposed 1088-256@16", 16, 16, 3, 2, 256, 1088),
    ("unet 3x3s2 transposed 448-128@32", 16, 32, 3, 2, 128, 448),
    ("unet 3x3s2 transposed 272-64@64", 16, 64, 3, 2, 64, 272),
    ("unet 3x3s2 transposed 160-3@128", 16, 128, 3, 2, 3, 160),
    ("cvnet512 3x3 transposed 2048-512@16", 2, 16, 3, 1, 512, 2048),
    ("cvnet512 3x3 transposed 1536-384@32", 2, 32, 3, 1, 384, 1536),
    ("cvnet512 3x3 transposed 640-160@64", 2, 64, 3, 1, 160, 640),
    ("cvnet512 3x3 transposed 224-56@128", 2, 128, 3, 1, 56, 224),
    ("cvnet512 3x3 transposed 88-24@256", 2, 256, 3, 1, 24, 88),
    ("cvnet512 3x3 transposed 40-24@512", 2, 512, 3, 1, 24, 40),
    ("cvnet512 3x3 32-32@512", 2, 512, 3, 1, 32, 32),
    ("depthwise 3x3 32@112", 16, 112, 3, 1, 32, 0),
    ("depthwise 3x3s2 96@112", 16, 112, 3, 2, 96, 0),
    ("depthwise 3x3 144@56", 16, 56, 3, 1, 144, 0),
    ("depthwise 3x3s2 144@56", 16, 56, 3, 2, 144, 0),
    ("depthwise 3x3 192@28", 16, 28, 3, 1, 192, 0),
    ("depthwise 3x3 384@14", 16, 14, 3, 1, 384, 0),
    ("depthwise 3x3 960@7", 16, 7, 3, 1, 960, 0),
    ("depthwise 5x5 240@28", 16, 28, 5, 1, 240, 0),
    ("depthwise 5x5s2 240@28", 16, 28, 5, 2, 240, 0),
    ("cvnet512 depthwise 5x5 8@256", 2, 256, 5, 1, 8, 0),
    ("cvnet512 depthwise 5x5 16@128", 2, 128, 5, 1, 16, 0),
    ("cvnet512 depthwise 5x5 32@64", 2, 64, 5, 1, 32, 0),
    ("cvnet512 depthwise 5x5 128@32", 2, 32, 5, 1, 128, 0),
    ("cvnet512 depthwise 5x5 512@16", 2, 16, 5, 1, 512, 0),
]
# Kernels of 3x3 convolutions.
CANDIDATES = ("winograd", "winograd 2x2", "winograd stride 2", "implicit product")


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
    kernels = [re.search(r"\[([^\]:]*)", line)[1] for line in plan.describe().splitlines() if "convolution" in line]
    return best, kernels


def cases_of(layer):
    """The layer's forward convolution and both gradients, each with its tensors; bytes, operations, groups."""
    _, batch, size, window, stride, channels, filters = layer
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
    operations = 2.0 * batch * out * out * window * window * channels * filters / groups
    return cases, x.nbytes + dy.nbytes, operations, groups


def compare(layer, budget):
    """A line for each case: milliseconds of each kernel that can do it, the choice by rule marked with a star."""
    for case, (function, tensors) in zip(("forward", "input gradient", "kernel gradient"), cases_of(layer)[0]):
        _, [rule] = seconds_of(function, tensors, 0)
        times = {}
        for kernel in CANDIDATES:
            _core.set_preferred_kernel(kernel)
            seconds, [ran] = seconds_of(function, tensors, budget)
            times[ran] = seconds
        _core.set_preferred_kernel("")
        best = min(times.values())
        text = "".join(f"{name + '*' * (name == rule):>20s} {each * 1e3:8.2f}" for name, each in times.items())
        print(f"{layer[0]:24s} {case:16s}{text}   rule {times[rule] / best - 1:4.0%} above best", flush=True)


def measure(layer, budget, peak, show_kernels):
    """One line of the table."""
    cases, nbytes, operations, groups = cases_of(layer)
    text = f"{layer[0]:36s}"
    for function, tensors in cases:
        seconds, kernels = seconds_of(function, tensors, budget)
        if groups > 1:
            text += f"{nbytes / seconds / 1e9:8.1f} GB/s {seconds * 1e3:8.2f} ms"
        else:
            rate = operations / seconds / 1e9
            text += f"{rate:8.1f} {rate / peak:4.0%} {seconds * 1e3:8.2f} ms"
        text += f" {kernels[0]:16s}" if show_kernels and kernels else ""
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", default="", help="words; layers whose name holds one of them are measured")
    parser.add_argument("--budget", type=float, default=0.5, help="seconds for each figure")
    parser.add_argument("--kernels", action="store_true", help="show which kernel ran")
    parser.add_argument("--candidates", action="store_true", help="compare the kernels of 3x3 layers")
    arguments = parser.parse_args()
    gm.config.set_threads(1)
    words = [word for word in arguments.layers.split(",") if word]
    layers = [layer for layer in LAYERS if not words or any(word in layer[0] for word in words)]
    if arguments.candidates:
        for layer in layers:
            if layer[3] == 3 and layer[-1]:
                compare(layer, arguments.budget)
        return
    side = np.random.default_rng(0).random((192, 192), dtype="float32")
    peak = 2 * 192**3 / seconds_of(gm.ops.matmul, (side, side), arguments.budget)[0] / 1e9
    print(f"{gm.config.instruction_set()}, one thread, matrix product of side 192: {peak:.1f} GFLOP/s")
    print(f"{'':36s}{'forward':>26s}{'input gradient':>26s}{'kernel gradient':>26s}")
    for layer in layers:
        print(measure(layer, arguments.budget, peak, arguments.kernels), flush=True)


if __name__ == "__main__":
    main()
