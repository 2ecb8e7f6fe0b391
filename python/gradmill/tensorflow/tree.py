"""Which name of TensorFlow stands where."""

from __future__ import annotations

from typing import Any

from gradmill import _core, autograd, initializers, ops, rematerialization, symbolic, tracing
from gradmill.tensorflow import (
    array_ops,
    complex_numbers,
    config_ops,
    control_flow,
    csv_ops,
    data_ops,
    diagonal_operators,
    dtype_names,
    error_names,
    functions,
    gamma_ops,
    image_boxes,
    image_further,
    image_measures,
    image_ops,
    io_ops,
    linalg_ops,
    lookup_tables,
    math_ops,
    modules,
    nn_further,
    numeric_ops,
    old_spellings,
    ragged,
    random_ops,
    records,
    segment_ops,
    sets,
    signal_ops,
    sparse,
    string_ops,
    summary,
    tensor_bytes,
)
from gradmill.tensorflow.functions import accept
from gradmill.tensorflow.keras_names import make_keras
from gradmill.tensorflow.namespace import Namespace
from gradmill.tensorflow.shapes import TensorShape

# Version of TensorFlow whose names and meanings these are.
VERSION = "2.21.0"

keras = make_keras("tf.keras")
_DTYPES = {name: getattr(dtype_names, name) for name in dtype_names.__all__}


def _part(path: str, doc: str, names: Any = None, sources: Any = ()) -> Namespace:
    return Namespace(f"tf.{path}", doc, names, sources)


def _python() -> Namespace:
    """What scripts reach for inside of TensorFlow."""
    eager = {"disable_eager_execution": accept, "enable_eager_execution": accept}
    framework = _part("python.framework", "Parts of TensorFlow.", {
        "ops": _part("python.framework.ops", "Switches of TensorFlow 1, which do nothing.", eager),
        "config": CONFIG,
        "dtypes": _part("python.framework.dtypes", "Dtypes.", _DTYPES),
    })  # fmt: skip
    devices = {"list_local_devices": config_ops.list_logical_devices}
    device_lib = _part("python.client.device_lib", "Devices.", devices)
    compute = _part("python.compiler.mlcompute.mlcompute", "A switch of devices.", {"set_mlc_device": accept})
    return _part("python", "Parts of TensorFlow that scripts import by their inner names.", {
        "client": _part("python.client", "Devices.", {"device_lib": device_lib}),
        "compiler": _part("python.compiler", "Devices.", {
            "mlcompute": _part("python.compiler.mlcompute", "Devices.", {"mlcompute": compute}),
        }),
        "framework": framework,
        "keras": keras,
    })  # fmt: skip


CONFIG = _part("config", "Devices and threads.", {
    **config_ops.CONFIG,
    "experimental": _part("config.experimental", "Devices, by their early names.", config_ops.EXPERIMENTAL),
    "optimizer": _part("config.optimizer", "Switches of TensorFlow's compiler.", config_ops.OPTIMIZER),
    "threading": _part("config.threading", "How many threads kernels use.", config_ops.THREADING),
})  # fmt: skip
_LOGGING = _part("compat.v1.logging", "The logger named \"tensorflow\".", {
    "DEBUG": 10, "ERROR": 40, "FATAL": 50, "INFO": 20, "WARN": 30, "WARNING": 30,
    **{name: getattr(config_ops.get_logger(), name) for name in ("debug", "error", "fatal", "info", "warning")},
    "set_verbosity": config_ops.get_logger().setLevel,
})  # fmt: skip


def _data() -> Namespace:
    """`tf.data`."""
    shared = ["gradmill.data"]
    return _part("data", "Input pipelines: gradmill.data.", {
        **data_ops.DATA,
        "experimental": _part("data.experimental", "Input pipelines, by early names.", data_ops.EXPERIMENTAL, shared),
    }, shared)  # fmt: skip


_COMPLEX = {
    "abs": complex_numbers.of_complex(math_ops.COMMON["abs"], "abs", abs),
    "angle": complex_numbers.of_complex(ops.angle, "math.angle", lambda x: ops.arctan2(x.imag, x.real)),
    "conj": complex_numbers.of_complex(ops.conj, "math.conj", lambda x: x.conj()),
    "imag": complex_numbers.of_complex(ops.imag, "math.imag", lambda x: x.imag),
    "real": complex_numbers.of_complex(ops.real, "math.real", lambda x: x.real),
}


def _nothing(*_: Any, **__: Any) -> bool:
    return False


def root_names() -> dict[str, Any]:
    """Return the names of `tf`, namespaces among them."""
    common = {**math_ops.COMMON, **linalg_ops.LINALG}
    from_linalg = ("einsum", "matmul", "norm", "tensordot")
    return {
        **_DTYPES, **math_ops.COMMON, "abs": _COMPLEX["abs"], "complex": complex_numbers.make_complex,
        **math_ops.CLIPS, **math_ops.HISTOGRAMS, **array_ops.ALIASES,
        **{name: common[name] for name in from_linalg},
        "GradientTape": functions.GradientTape, "Module": modules.Module, "Tensor": _core.Tensor,
        "RaggedTensor": ragged.RaggedTensor, "TensorArray": ragged.TensorArray,
        "TensorShape": TensorShape,
        "TensorSpec": tracing.TensorSpec, "UnconnectedGradients": functions.UnconnectedGradients,
        "SparseTensor": sparse.SparseTensor, "Variable": functions.Variable, **control_flow.CONTROL_FLOW,
        "custom_gradient": autograd.custom_gradient, "recompute_grad": rematerialization.remat,
        "constant_initializer": initializers.Constant,
        "device": config_ops.device, "enable_v2_behavior": accept, "executing_eagerly": config_ops.executing_eagerly,
        "function": functions.function, "get_logger": config_ops.get_logger, "group": functions.group,
        "init_scope": tracing.init_scope, "name_scope": tracing.name_scope,
        **{f"assert_{name}": config_ops.DEBUGGING[f"assert_{name}"] for name in ("equal", "greater", "less", "rank")},
        "as_string": string_ops.STRINGS["as_string"], "control_dependencies": functions.control_dependencies,
        "dynamic_partition": segment_ops.dynamic_partition, "dynamic_stitch": segment_ops.dynamic_stitch,
        "Assert": config_ops.check_that, "nest": _part("nest", "Nested structures.", {
            "assert_same_structure": modules.check_structures, "flatten": symbolic.flatten,
            "is_nested": symbolic.is_nested, "map_structure": modules.map_structures,
            "pack_sequence_as": modules.pack_structure,
        }),
        "newaxis": None, "no_op": accept, "py_function": functions.py_function,
        "numpy_function": functions.numpy_function, "ones_initializer": initializers.Ones,
        "print": config_ops.print_values, "random_normal_initializer": initializers.RandomNormal,
        "random_uniform_initializer": initializers.RandomUniform,
        "zeros_initializer": initializers.Zeros,
        "autograph": _part("autograph", "Accepted; functions are traced.", {
            "experimental": _part("autograph.experimental", "Accepted.", {
                "do_not_convert": lambda func=None, **_: func if func is not None else lambda actual: actual,
            }),
            "set_verbosity": accept,
        }),
        "config": CONFIG,
        "data": _data(),
        "audio": _part("audio", "WAV files.", signal_ops.AUDIO),
        "bitwise": _part("bitwise", "Bits of integers.", numeric_ops.BITWISE),
        "debugging": _part("debugging", "Checks of values.", config_ops.DEBUGGING),
        "distribute": _part("distribute", "Training on one device.", modules.DISTRIBUTE),
        "dtypes": _part("dtypes", "Dtypes.", {**_DTYPES, "cast": array_ops.cast}),
        "errors": _part("errors", "Exceptions.", error_names.ERRORS),
        "image": _part("image", "Sizes, places and colours of images.", {
            **image_ops.IMAGES, **image_boxes.BOXES, **image_measures.MEASURES, **io_ops.DECODERS,
            **image_further.FURTHER,
        }),
        "initializers": keras.initializers,
        "io": _part("io", "Files.", {
            **io_ops.IO, **records.IO, **tensor_bytes.IO, "decode_csv": csv_ops.decode_csv,
            "is_jpeg": image_further.is_jpeg,
            "gfile": _part("io.gfile", "Files and folders.", io_ops.GFILE),
        }),
        "keras": keras,
        "linalg": _part("linalg", "Products of matrices, and norms.", {
            **linalg_ops.LINALG, **numeric_ops.LINALG, **diagonal_operators.OPERATORS,
        }),
        "lookup": _part("lookup", "Tables from keys to values.", lookup_tables.LOOKUP),
        "losses": keras.losses,
        "math": _part("math", "Elementwise functions and reductions.", {
            **math_ops.COMMON, **math_ops.MATH, **numeric_ops.MATH, **gamma_ops.MATH,
            **segment_ops.SEGMENTS, **_COMPLEX,
        }),
        "metrics": keras.metrics,
        "nn": _part("nn", "What networks are made of.", nn_further.NN),
        "optimizers": keras.optimizers,
        "python": _python(),
        "ragged": _part("ragged", "Rows of different lengths.", ragged.RAGGED),
        "random": _part("random", "Draws.", {
            **random_ops.RANDOM,
            "experimental": _part("random.experimental", "Draws, by early names.", random_ops.EXPERIMENTAL),
        }),
        "sets": _part("sets", "Sets in the rows of tensors.", sets.SETS),
        "signal": _part("signal", "Signals and their frequencies.", signal_ops.SIGNAL),
        "sparse": _part("sparse", "Tensors of which only some places are given.", sparse.SPARSE),
        "strings": _part("strings", "Functions of text.", string_ops.STRINGS),
        "summary": _part("summary", "What TensorBoard shows.", {
            **summary.SUMMARY,
            "experimental": _part("summary.experimental", "The step.", summary.EXPERIMENTAL),
        }),
        "test": _part("test", "What there is beside the CPU: nothing.", {
            "gpu_device_name": lambda: "", "is_built_with_cuda": _nothing, "is_gpu_available": _nothing,
        }),
        "train": _part("train", "Checkpoints, and examples in files.", {
            **records.TRAIN, "CheckpointOptions": config_ops.Options,
            "latest_checkpoint": old_spellings.latest_checkpoint,
        }, ["gradmill.train"]),
        "version": _part("version", "The version whose names these are.", {"VERSION": VERSION}),
    }  # fmt: skip


def add_compat(root: Any) -> None:
    """Give `tf` its older selves: `tf.compat.v1` as far as scripts use it beside TensorFlow 2, and `tf.compat.v2`.

    Args:
        root: the namespace `tf`.
    """
    v1 = _part("compat.v1", "What scripts for TensorFlow 2 use of TensorFlow 1.", {
        "disable_eager_execution": accept, "disable_v2_behavior": accept,
        "enable_eager_execution": accept, "enable_v2_behavior": accept, "get_logger": config_ops.get_logger,
        "keras": keras, "logging": _LOGGING, "set_random_seed": random_ops.set_seed,
    })  # fmt: skip
    root._own["compat"] = root.compat = _part("compat", "Older selves of TensorFlow.", {"v1": v1, "v2": root})
