"""A batch that does not fit in memory is refused before its first step, with the largest batch that fits."""

import gc
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm
from gradmill.utils import memory

MEBIBYTE = 2**20
CALLS = {
    "fit": lambda model, x, y: model.fit(x, y, batch_size=len(x), verbose=0),
    "evaluate": lambda model, x, y: model.evaluate(x, y, batch_size=len(x), verbose=0),
    "predict": lambda model, x, y: model.predict(x, batch_size=len(x), verbose=0),
    "train_on_batch": lambda model, x, y: model.train_on_batch(x, y),
    "test_on_batch": lambda model, x, y: model.test_on_batch(x, y),
    "predict_on_batch": lambda model, x, y: model.predict_on_batch(x),
}


@pytest.fixture
def limit(monkeypatch):
    """A function that lets the checks see so many free mebibytes.

    What plans need beside the memory that dead ones leave to them must not change within a test: those go first.
    """
    gc.collect()
    return lambda mebibytes: monkeypatch.setattr(
        "gradmill.models.memory_check.available_memory_bytes", lambda: mebibytes * MEBIBYTE
    )


@pytest.fixture
def model():
    convolutions = [gm.layers.Conv2D(16, 3, activation="relu"), gm.layers.Conv2D(16, 3)]
    pooled = [gm.layers.GlobalAveragePooling2D(), gm.layers.Dense(10)]
    result = gm.Sequential([gm.Input((16, 16, 3)), *convolutions, *pooled])
    result.compile("sgd", gm.losses.SparseCategoricalCrossentropy(from_logits=True))
    return result


def data(rows):
    return np.zeros((rows, 16, 16, 3), "float32"), np.zeros(rows, "int32")


@pytest.mark.parametrize("call", CALLS)
def test_the_largest_batch_that_fits_is_named_and_fits(model, limit, call):
    limit(2)
    before = [weight.copy() for weight in model.get_weights()]
    with pytest.raises(gm.errors.ArgumentError, match="a batch of 1000 needs .* MiB of memory") as caught:
        CALLS[call](model, *data(1000))
    assert all(np.array_equal(*pair) for pair in zip(before, model.get_weights()))
    largest = int(re.search(r"; a batch of (\d+) fits$", str(caught.value)).group(1))
    with pytest.raises(gm.errors.ArgumentError, match=f"a batch of {largest + 1} needs"):
        CALLS[call](model, *data(largest + 1))
    CALLS[call](model, *data(largest))


def test_not_even_one_sample(model, limit):
    limit(0)
    with pytest.raises(gm.errors.ArgumentError, match="not even a batch of 1 fits"):
        model.fit(*data(8), verbose=0)


def test_last_smaller_batch_and_validation_need_no_further_arena(model):
    model.fit(*data(70), batch_size=64, validation_data=data(70), verbose=0)
    plans = [plan for program in model._programs.values() for plan in program.function.plans]
    assert len(plans) == 4
    assert all(plan.missing_bytes < plan.arena_bytes for plan in plans)


def test_limit_of_this_process():
    before = gm.config.get_memory_limit()
    try:
        gm.config.set_memory_limit(1)
        assert memory.available_memory_bytes() == 0
        gm.config.set_memory_limit(0)
        assert memory.available_memory_bytes() > 0
        with pytest.raises(gm.errors.ArgumentError, match="received -1"):
            gm.config.set_memory_limit(-1)
    finally:
        gm.config.set_memory_limit(before)


def _write(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def test_what_the_system_leaves(tmp_path):
    assert memory.available_memory_bytes(str(tmp_path)) is None
    _write(tmp_path, {"proc/meminfo": "MemTotal: 4096 kB\nMemAvailable:    2048 kB\n"})
    assert memory.available_memory_bytes(str(tmp_path)) == 2 * MEBIBYTE
    _write(
        tmp_path,
        {
            "proc/self/cgroup": "0::/outer/inner\n",
            "sys/fs/cgroup/outer/memory.max": "1000000\n",
            "sys/fs/cgroup/outer/memory.current": "600000\n",
            "sys/fs/cgroup/outer/memory.stat": "anon 5\ninactive_file 100000\n",
            "sys/fs/cgroup/outer/inner/memory.max": "max\n",
            "sys/fs/cgroup/outer/inner/memory.current": "600000\n",
        },
    )
    assert memory.available_memory_bytes(str(tmp_path)) == 500000
    _write(
        tmp_path,
        {
            "proc/self/cgroup": "4:memory:/job\n3:cpuset:/\n0::/\n",
            "sys/fs/cgroup/memory/job/memory.limit_in_bytes": "300000\n",
            "sys/fs/cgroup/memory/job/memory.usage_in_bytes": "400000\n",
        },
    )
    assert memory.available_memory_bytes(str(tmp_path)) == 0


# A small evaluation, then training, whose arena is larger; and what both took beside the plan, in its bytes.
TRAINED = """
import numpy as np, gradmill as gm
from gradmill.benchmark import peak_memory_bytes
convolutions = [gm.layers.Conv2D(32, 3, activation="relu") for _ in range(3)]
model = gm.Sequential([gm.Input((128, 128, 3)), *convolutions, gm.layers.GlobalAveragePooling2D(), gm.layers.Dense(10)])
model.compile("sgd", gm.losses.SparseCategoricalCrossentropy(from_logits=True))
x, y = np.ones((32, 128, 128, 3), "float32"), np.zeros(32, "int32")
before = peak_memory_bytes()
model.evaluate(x, y, batch_size=16, verbose=0)
model.fit(x, y, batch_size=16, verbose=0)
print((peak_memory_bytes() - before) / model.plan_for(x[:16], y[:16]).planned_bytes)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_a_process_takes_what_the_plan_says():
    """A process of its own: memory that was given back before would be used again, unseen."""
    done = subprocess.run([sys.executable, "-c", TRAINED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 0.8 < float(done.stdout) < 1.15
