"""Single layers of networks for segmentation beside other engines: transposed and separable convolutions.

    python benchmarks/decoder_layers.py                                          # this package alone
    python benchmarks/decoder_layers.py --peer-python PATH --engines gradmill,torch,torch-best,tensorflow

Milliseconds of the forward pass, of the gradient of the input (backward-data) and of the gradients of the kernels
(backward-weight); of a separable convolution each pass is that of both its parts, and what lies between them was kept.
Layers of U-Net are those for 128x128 pixels and batch 16, those of cvnet512 for 512x512 and batch 2. Every run is a
process of its own; engines take turns, and the median of the repeats counts, each the median of its calls.

`torch` has channels first, `torch-best` channels last; with both the C library keeps freed memory.
"""

import argparse
import dataclasses
import functools
import importlib
import json
import statistics
import sys
import time
from typing import Tuple

import numpy as np
import side_by_side

ENGINES = ("gradmill", "torch", "torch-best", "tensorflow")
PASSES = ("forward", "backward-data", "backward-weight")
TARGET = 1.5


@dataclasses.dataclass(frozen=True)
class Layer:
    """A layer with a square kernel for square maps; `out` is the size of its result."""

    kind: str
    batch: int
    channels: int
    filters: int
    size: int
    out: int
    kernel: int
    stride: int = 1

    @property
    def name(self):
        return f"{self.kind} {self.channels}-{self.filters}@{self.out}"

    @property
    def separable(self):
        return self.kind.endswith("separable")

    @property
    def padding(self):
        return "same" if self.out == self.size * self.stride else "valid"

    @property
    def kernel_shapes(self) -> Tuple[Tuple[int, ...], ...]:
        """In Keras's order of axes."""
        if self.separable:
            return (self.kernel, self.kernel, self.channels, 1), (1, 1, self.channels, self.filters)
        return ((self.kernel, self.kernel, self.filters, self.channels),)


LAYERS = [
    *(
        Layer("unet transposed", 16, channels, filters, size, 2 * size, 3, 2)
        for channels, filters, size in ((320, 512, 4), (1088, 256, 8), (448, 128, 16), (272, 64, 32), (160, 3, 64))
    ),
    *(
        Layer("cvnet512 transposed", 2, channels, filters, size, size, 3)
        for channels, filters, size in (
            *((2048, 512, 16), (1536, 384, 32), (640, 160, 64), (224, 56, 128), (88, 24, 256), (40, 24, 512)),
        )
    ),
    Layer("cvnet512 transposed", 2, 32, 16, 510, 512, 3),
    *(
        Layer("cvnet512 separable", 2, maps, maps, size, size, 5)
        for maps, size in ((8, 256), (16, 128), (32, 64), (128, 32), (512, 16))
    ),
    Layer("cvnet512 separable", 2, 1024, 1024, 16, 12, 5),
    Layer("cvnet512 separable", 2, 1024, 2048, 12, 8, 5),
]


def draw(layer):
    """The input, what arrives at the result, and the kernels."""
    generator = np.random.default_rng(0)
    images = (layer.batch, layer.size, layer.size, layer.channels), (layer.batch, layer.out, layer.out, layer.filters)
    return [generator.random(shape, dtype="float32") - 0.5 for shape in (*images, *layer.kernel_shapes)]


def keras_passes(keras, function, tape_of, layer):
    """A function without arguments for each pass, compiled; what a pass does not need is dropped from it."""
    x, dy, *kernels = (keras.ops.convert_to_tensor(each) for each in draw(layer))
    if layer.separable:
        parts = [
            lambda value, kernel: keras.ops.depthwise_conv(value, kernel, padding=layer.padding),
            keras.ops.conv,
        ]
    else:
        parts = [lambda value, kernel: keras.ops.conv_transpose(value, kernel, layer.stride, layer.padding)]
    inputs = [x]
    for part, kernel in zip(parts[:-1], kernels):
        inputs.append(part(inputs[-1], kernel))

    def forward(x, *kernels):
        for part, kernel in zip(parts, kernels):
            x = part(x, kernel)
        return x

    def gradients(dy, inputs, kernels):
        """Of the input and of the kernels, the last part's first."""
        found = []
        for part, value, kernel in reversed(list(zip(parts, inputs, kernels))):
            with tape_of() as tape:
                tape.watch([value, kernel])
                y = part(value, kernel)
            dy, gradient = tape.gradient(y, [value, kernel], dy)
            found.append(gradient)
        return dy, found

    data = function(lambda dy, inputs, kernels: gradients(dy, inputs, kernels)[0])
    weights = function(lambda dy, inputs, kernels: gradients(dy, inputs, kernels)[1])
    run = function(forward)
    return lambda: run(x, *kernels), lambda: data(dy, inputs, kernels), lambda: weights(dy, inputs, kernels)


def torch_passes(torch, layout, layer):
    """A function without arguments for each pass; the gradients are those of a graph that is kept."""
    functional = torch.nn.functional
    x, dy, *kernels = draw(layer)
    x, dy = (torch.from_numpy(each).permute(0, 3, 1, 2).contiguous(memory_format=layout) for each in (x, dy))
    # Of a separable layer first (channels, 1, height, width); else filters and channels as Keras has them, turned.
    orders = ((2, 3, 0, 1), (3, 2, 0, 1)) if layer.separable else ((3, 2, 0, 1),)
    kernels = [
        torch.from_numpy(kernel).permute(order).contiguous(memory_format=layout)
        for kernel, order in zip(kernels, orders)
    ]
    border = layer.kernel // 2 if layer.padding == "same" else 0

    def forward(x, *kernels):
        if layer.separable:
            between = functional.conv2d(x, kernels[0], padding=border, groups=layer.channels)
            return functional.conv2d(between, kernels[1])
        return functional.conv_transpose2d(x, kernels[0], None, layer.stride, border, layer.stride - 1)

    def backward(of_input):
        value = x.clone().requires_grad_(of_input)
        weights = [kernel.clone().requires_grad_(not of_input) for kernel in kernels]
        y = forward(value, *weights)
        sources = [value] if of_input else weights
        return lambda: torch.autograd.grad(y, sources, dy, retain_graph=True)

    return (lambda: forward(x, *kernels)), backward(True), backward(False)


def seconds_of(run, budget):
    """The median of some calls behind two that warm up."""
    run()
    start = time.perf_counter()
    run()
    count = max(3, min(300, int(budget / (time.perf_counter() - start))))
    times = []
    for _ in range(count):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def run(task):
    """Measure all layers on one engine, in this process."""
    kind, _, setting = task["engine"].partition("-")
    if kind == "torch":
        torch = importlib.import_module(kind)
        if task["threads"]:
            torch.set_num_threads(task["threads"])
        layout = torch.channels_last if setting == "best" else torch.contiguous_format
        passes_of = functools.partial(torch_passes, torch, layout)
    else:
        keras = importlib.import_module("_engines.keras_engine").load(kind, task["threads"])
        own = keras if kind == "gradmill" else importlib.import_module(kind)
        passes_of = functools.partial(keras_passes, keras, own.function, own.GradientTape)
    figures = {}
    for number in task["layers"]:
        layer = LAYERS[number]
        for name, each in zip(PASSES, passes_of(layer)):
            figures[f"{layer.name} {name}"] = seconds_of(each, task["seconds"])
    side_by_side.print_result(**figures)


def print_line(name, times):
    """Milliseconds of one pass on each engine, and the ratio to the fastest peer."""
    text = f"{name:52s}" + "".join(f" {engine} {seconds * 1e3:9.3f} ms" for engine, seconds in times.items())
    peers = {engine: seconds for engine, seconds in times.items() if engine != "gradmill"}
    if "gradmill" in times and peers:
        fastest = min(peers, key=peers.get)
        ratio = peers[fastest] / times["gradmill"]
        text += f"  {ratio:5.2f} times as fast as {fastest} ({'reached' if ratio >= TARGET else 'missed'})"
    print(text)


def print_report(layers, results):
    """Every pass of every layer, and each kind's sum."""
    for kind in dict.fromkeys(layer.kind for layer in layers):
        sums = {name: dict.fromkeys(results, 0.0) for name in PASSES}
        for layer in layers:
            for name in PASSES if layer.kind == kind else ():
                key = f"{layer.name} {name}"
                times = {engine: side_by_side.summary(runs, key)[0] for engine, runs in results.items()}
                print_line(key, times)
                for engine, seconds in times.items():
                    sums[name][engine] += seconds
        for name in PASSES:
            print_line(f"{kind}, sum, {name}", sums[name])
    print(f"target {TARGET:g}")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    side_by_side.add_options(parser, ENGINES, "gradmill")
    parser.add_argument("--layers", default="", help="words; layers whose name holds one of them are measured")
    parser.add_argument("--seconds", type=float, default=0.2, help="for each pass (default %(default)s)")
    parser.add_argument("--threads", type=int, default=0, help="cores to use (default: all)")
    parser.add_argument("--limit", type=float, default=600, help="seconds a run may take (default %(default)s)")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.task:
        run(json.loads(arguments.task))
        return
    if arguments.repeats < 1 or arguments.seconds <= 0 or arguments.threads < 0:
        parser.error("--repeats, --seconds and --threads: expected positive numbers")
    words = [word for word in arguments.layers.split(",") if word]
    numbers = [i for i, layer in enumerate(LAYERS) if not words or any(word in layer.name for word in words)]
    if not numbers:
        parser.error(f"--layers: no name holds {arguments.layers!r}; names are {', '.join(x.name for x in LAYERS)}")

    def ask(engine):
        task = {"engine": engine, "layers": numbers, "seconds": arguments.seconds, "threads": arguments.threads}
        environment = side_by_side.KEEP_FREED_MEMORY if engine.startswith("torch") else {}
        return side_by_side.run_once(
            [side_by_side.python_of(engine, arguments), __file__, "--task", json.dumps(task)],
            environment,
            arguments.limit,
        )

    engines = side_by_side.chosen(parser, arguments.engines, ENGINES, "engine")
    print_report([LAYERS[i] for i in numbers], side_by_side.take_turns(engines, arguments.repeats, ask))


if __name__ == "__main__":
    main()
