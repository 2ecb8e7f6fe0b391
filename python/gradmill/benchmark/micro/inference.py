"""Latency and speed of networks that only predict."""

import argparse
import importlib
import time
from typing import Any, Dict, List

import numpy as np

from gradmill.benchmark.cells import nearest
from gradmill.benchmark.micro.measurement import Micro
from gradmill.benchmark.options import positive

_MODELS = ("ResNet50", "MobileNetV2", "EfficientNetB0", "SqueezeNet1_1", "DistilBert")
_PERCENTILES = (50, 90, 99)


def _make(name: str, image_size: int) -> Any:
    constructor = getattr(importlib.import_module("gradmill.applications"), name)
    if name == "DistilBert":
        return constructor(head="classification", classes=8, sequence_length=128)
    return constructor(weights=None, input_shape=(image_size, image_size, 3), classes=8)


def _batch(model: Any, size: int) -> np.ndarray:
    generator, shape = np.random.default_rng(0), (size, *model.input_shape[1:])
    if len(shape) == 2:
        return generator.integers(1, 1000, shape).astype("int32")
    return generator.random(shape, dtype="float32")


def _run(options: argparse.Namespace) -> Dict[str, Any]:
    names, sizes, runs = options.models.split(","), options.bs, options.runs
    image_size = options.image_size
    if options.quick:
        names, sizes, runs, image_size = ["SqueezeNet1_1"], [1, 2], 3, 64
    rows: List[Dict[str, Any]] = []
    for name in names:
        model = _make(name, image_size)
        for size in sizes:
            x = _batch(model, size)
            model.predict_on_batch(x)
            seconds = []
            for _ in range(runs):
                start = time.perf_counter()
                model.predict_on_batch(x)
                seconds.append(time.perf_counter() - start)
            latency = {f"p{each}": float(np.percentile(seconds, each)) for each in _PERCENTILES}
            row = {"model": name, "batch": size, "runs": runs, **latency}
            row["samples_per_second"] = size * runs / sum(seconds)
            rows.append(row)
            times = ", ".join(f"{key} {value * 1e3:.2f} ms" for key, value in latency.items())
            print(f"{name:15} batch {size:3d}: {times}, {row['samples_per_second']:,.1f} samples/s", flush=True)
    return {"image_size": image_size, "rows": rows}


def _models(text: str) -> str:
    for name in text.split(","):
        if name not in _MODELS:
            raise argparse.ArgumentTypeError(
                f"expected some of {','.join(_MODELS)}; received {name!r}{nearest(name, _MODELS)}"
            )
    return text


def _options(parser: argparse.ArgumentParser) -> None:
    names = ",".join(_MODELS)
    parser.add_argument("--models", type=_models, default=names, help="comma-separated (default %(default)s)")
    parser.add_argument("--bs", type=positive, nargs="+", default=[1, 64], help="batch sizes (default 1 64)")
    parser.add_argument("--image-size", type=positive, default=224, help="height and width (default %(default)s)")
    parser.add_argument("--runs", type=positive, default=20, help="predictions that are timed (default %(default)s)")


INFER_BENCHMARK = Micro(
    "infer_benchmark",
    "Latency of predictions, its median and its slowest tenth and hundredth, and samples a second, for one sample and "
    "for many.",
    "gradmill infer_benchmark --models MobileNetV2 --bs 1 16",
    _options,
    _run,
)
