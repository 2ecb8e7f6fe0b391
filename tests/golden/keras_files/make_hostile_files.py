"""Makes the files in `hostile/`, which must be refused: `python make_hostile_files.py` (needs h5py)."""

import struct
from pathlib import Path

import h5py
import numpy as np

FOLDER = Path(__file__).parent / "hostile"


def weights(name, **options):
    """Open a new file that has one ordinary layer."""
    file = h5py.File(FOLDER / name, "w", **options)
    file["layers/dense/vars/0"] = np.arange(6, dtype="float32").reshape(2, 3)
    return file


def main():
    """Write all files."""
    FOLDER.mkdir(exist_ok=True)
    with weights("soft_link.h5") as file:
        file["layers/dense/vars/1"] = h5py.SoftLink("/layers/dense/vars/0")
    with weights("external_link.h5") as file:
        file["layers/dense/vars/1"] = h5py.ExternalLink("/etc/passwd", "/")
    with weights("external_storage.h5") as file:
        file.create_dataset("layers/dense/vars/1", (8,), "uint8", external=[("/etc/passwd", 0, 8)])
    with weights("virtual_dataset.h5") as file:
        layout = h5py.VirtualLayout((4,), "float32")
        layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4,))
        file.create_virtual_dataset("layers/dense/vars/1", layout)
    with weights("cycle.h5") as file:
        file["layers/dense/again"] = file["layers"]
    with weights("second_name.h5") as file:
        file["layers/dense/vars/1"] = file["layers/dense/vars/0"]
    with weights("named_type.h5") as file:
        file["layers/dense/type"] = np.dtype("float32")
    with weights("user_block.h5", userblock_size=512):
        pass
    with weights("huge_shape.h5") as file:
        file.create_dataset("layers/dense/vars/1", (1 << 40, 1 << 10), "float32", chunks=(64, 64), compression="gzip")
    with weights("unwritten.h5") as file:
        file.create_dataset("layers/dense/vars/1", (1 << 28,), "float32")
    with weights("huge_chunk.h5") as file:
        file.create_dataset("layers/dense/vars/1", (2,), "float32", maxshape=(None,), chunks=(1 << 29,))
    with weights("lzf_filter.h5") as file:
        file.create_dataset("layers/dense/vars/1", data=np.zeros(64), compression="lzf")
    with weights("compound_type.h5") as file:
        file.create_dataset("layers/dense/vars/1", (2,), np.dtype([("a", "f4"), ("b", "i4")]))
    with weights("text_dataset.h5") as file:
        file["layers/dense/vars/1"] = ["a", "b"]
    with weights("too_deep.h5") as file:
        file.create_group("/".join("g" * 80))
    with weights("wrong_checksum.h5") as file:
        file.create_dataset("layers/dense/vars/1", data=np.full((16,), 3.25, "float32"), chunks=(16,), fletcher32=True)
    path = FOLDER / "wrong_checksum.h5"
    path.write_bytes(path.read_bytes().replace(struct.pack("<f", 3.25) * 16, struct.pack("<f", 3.5) * 16))
    with weights("truncated.h5"):
        pass
    path = FOLDER / "truncated.h5"
    path.write_bytes(path.read_bytes()[:-100])
    (FOLDER / "not_hdf5.h5").write_bytes(b"PK\x03\x04 no HDF5 at all" * 8)
    (FOLDER / "empty.h5").write_bytes(b"")


if __name__ == "__main__":
    main()
