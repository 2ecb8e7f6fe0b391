"""Safetensors files as tests need them."""

import json


def write_safetensors(path, arrays):
    """A safetensors file, written from the format's description."""
    header, content, place = {"__metadata__": {"format": "pt"}}, [], 0
    for name, array in arrays.items():
        kind = {"float32": "F32", "int64": "I64"}[str(array.dtype)]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [place, place + array.nbytes]}
        content.append(array.tobytes())
        place += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.writelines(content)
