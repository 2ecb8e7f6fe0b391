"""Record what Keras makes of dtypes: dtypes.json.

KERAS_BACKEND=tensorflow python tests/golden/data/make_dtypes.py   (Keras 3.15.1; on JAX, 64 bits become 32)
"""

import itertools
import json
import pathlib

import keras

NAMES = "bool uint8 uint16 uint32 int8 int16 int32 int64 bfloat16 float16 float32 float64".split()
PYTHON = {"<bool>": bool, "<int>": int, "<float>": float}


def read(name):
    return PYTHON.get(name, name)


if __name__ == "__main__":
    every = [*NAMES, *PYTHON]
    table = {f"{a} {b}": keras.backend.result_type(read(a), read(b)) for a, b in itertools.product(every, every)}
    three = [("uint8", "int8", "bfloat16"), ("<int>", "<float>", "float16"), ("bool", "<int>", "uint8")]
    table.update({" ".join(names): keras.backend.result_type(*map(read, names)) for names in three})
    kinds = {name: [keras.backend.is_float_dtype(name), keras.backend.is_int_dtype(name)] for name in NAMES}
    table = {"nothing": keras.backend.result_type(), "result_type": table, "is_float, is_int": kinds}
    path = pathlib.Path(__file__).with_name("dtypes.json")
    path.write_text(json.dumps(table, indent=0).replace(",\n", ", ") + "\n")
    print(len(table["result_type"]), "results")
