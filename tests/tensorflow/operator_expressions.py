"""Linear operators, and early spellings of data sets, as expressions that TensorFlow and this package give alike.

`python tests/tensorflow/operator_expressions.py` with TensorFlow installed writes its values to
tests/golden/tensorflow.
"""

import gzip
import os
import tempfile
from pathlib import Path

import numpy as np

RECORDED = Path(__file__).resolve().parents[1] / "golden" / "tensorflow" / "operator_expressions.npz"

generator = np.random.default_rng(7)
M = generator.normal(size=(2, 3, 3)).astype("float32") + 2 * np.eye(3, dtype="float32")
SPD = M @ np.swapaxes(M, -1, -2) + np.eye(3, dtype="float32")
D = generator.uniform(0.5, 2, size=(2, 3)).astype("float32")
X = generator.normal(size=(2, 3, 4)).astype("float32")
V = generator.normal(size=(2, 3)).astype("float32")
WIDE = generator.normal(size=(3, 5)).astype("float32")
POSITIVE = {"is_positive_definite": True, "is_self_adjoint": True}
MAKERS = {
    "full": lambda tf: tf.linalg.LinearOperatorFullMatrix(M),
    "positive": lambda tf: tf.linalg.LinearOperatorFullMatrix(SPD, **POSITIVE),
    "triangular": lambda tf: tf.linalg.LinearOperatorLowerTriangular(M),
    "diagonal": lambda tf: tf.linalg.LinearOperatorDiag(D, is_positive_definite=True),
    "scaled": lambda tf: tf.linalg.LinearOperatorScaledIdentity(3, np.float32(2.5), is_positive_definite=True),
    "scales": lambda tf: tf.linalg.LinearOperatorScaledIdentity(3, D[:, 0]),
    "identity": lambda tf: tf.linalg.LinearOperatorIdentity(3),
    "identities": lambda tf: tf.linalg.LinearOperatorIdentity(3, [2], tf.float64),
}


def known(hint):
    """What is known as a number."""
    return -1 if hint is None else int(hint)


ASKED = {
    "matmul": lambda o: o.matmul(X.astype(o.dtype.as_numpy_dtype)),
    "matmul adjoint": lambda o: o.matmul(X.astype(o.dtype.as_numpy_dtype), adjoint=True),
    "matmul turned": lambda o: o.matmul(X[:, :, :3].astype(o.dtype.as_numpy_dtype), adjoint_arg=True),
    "matvec": lambda o: o.matvec(V.astype(o.dtype.as_numpy_dtype)),
    "solve": lambda o: o.solve(X.astype(o.dtype.as_numpy_dtype)),
    "solve adjoint": lambda o: o.solve(X.astype(o.dtype.as_numpy_dtype), adjoint=True),
    "solvevec": lambda o: o.solvevec(V.astype(o.dtype.as_numpy_dtype)),
    "to_dense": lambda o: o.to_dense(),
    "adjoint": lambda o: o.adjoint().to_dense(),
    "H": lambda o: o.H.matvec(V.astype(o.dtype.as_numpy_dtype)),
    "inverse": lambda o: o.inverse().to_dense(),
    "diag_part": lambda o: o.diag_part(),
    "trace": lambda o: o.trace(),
    "determinant": lambda o: o.determinant(),
    "log_abs_determinant": lambda o: o.log_abs_determinant(),
    "cond": lambda o: o.cond(),
    "add_to_tensor": lambda o: o.add_to_tensor(M.astype(o.dtype.as_numpy_dtype)),
    "shape": lambda o: o.shape_tensor(),
    "sizes": lambda o: [int(e) for e in (*o.shape, o.tensor_rank, o.range_dimension, len(o.batch_shape))],
    "hints": lambda o: [known(e) for e in (o.is_non_singular, o.is_self_adjoint, o.is_positive_definite, o.is_square)],
    "product": lambda o: (o @ o).to_dense(),
}
EXPRESSIONS = {
    f"{kind}: {name}": lambda tf, make=make, ask=ask: ask(make(tf))
    for kind, make in MAKERS.items() for name, ask in ASKED.items()
}  # fmt: skip


def elements(dataset, count=20):
    """All numbers of a data set's first elements, after their shapes."""
    found = []
    for element in dataset.take(count):
        for leaf in element if isinstance(element, tuple) else [element]:
            value = np.asarray(leaf.numpy())
            numbers = np.frombuffer(value.item(), "uint8") if value.dtype.kind in "OS" else value
            found += [np.ravel(value.shape), numbers]
    return np.concatenate([np.ravel(each) for each in found]).astype("float64")


def rows(tf):
    return tf.data.Dataset.range(10)


def in_file(text, compression=None):
    """The path of a file with a text."""
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "table.csv")
    with (gzip.open if compression else open)(path, "wb") as file:
        file.write(text.encode())
    return path


TABLE = 'a,b,c\n1,2.5,x\n,?,"y, z"\n3,4,w\n'
EXPRESSIONS.update({
    "cholesky": lambda tf: MAKERS["positive"](tf).cholesky().to_dense(),
    "cholesky of a diagonal": lambda tf: MAKERS["diagonal"](tf).cholesky().to_dense(),
    "eigvals": lambda tf: MAKERS["positive"](tf).eigvals(),
    "wide": lambda tf: tf.linalg.LinearOperatorFullMatrix(WIDE).matvec(WIDE[0]),
    "one for many": lambda tf: tf.linalg.LinearOperatorFullMatrix(M[0]).solve(X),
    "gradient": lambda tf: gradient_of_operator(tf),
    "map_and_batch": lambda tf: elements(rows(tf).apply(tf.data.experimental.map_and_batch(lambda x: x * 2, 4))),
    "enumerate": lambda tf: elements(rows(tf).apply(tf.data.experimental.enumerate_dataset(5))),
    "take_while": lambda tf: elements(rows(tf).apply(tf.data.experimental.take_while(lambda x: x < 4))),
    "unbatch": lambda tf: elements(rows(tf).batch(3).apply(tf.data.experimental.unbatch())),
    "unique": lambda tf: elements(rows(tf).map(lambda x: x % 3).apply(tf.data.experimental.unique())),
    "scan": lambda tf: elements(rows(tf).apply(
        tf.data.experimental.scan(np.int64(1), lambda state, x: (state + x, state * x))
    )),
    "group_by_window": lambda tf: elements(rows(tf).apply(
        tf.data.experimental.group_by_window(lambda x: x % 2, lambda key, group: group.batch(3), window_size=3)
    )),
    "bucket_by_sequence_length": lambda tf: elements(
        rows(tf).map(lambda x: tf.zeros([1 + x % 4])).apply(tf.data.experimental.bucket_by_sequence_length(
            lambda x: tf.shape(x)[0], [3], [4, 4]
        ))
    ),
    "parallel_interleave": lambda tf: elements(rows(tf).apply(tf.data.experimental.parallel_interleave(
        lambda x: tf.data.Dataset.from_tensors(x).repeat(2), cycle_length=3, block_length=2
    ))),
    "prefetch_to_device": lambda tf: elements(rows(tf).apply(tf.data.experimental.prefetch_to_device("/cpu:0"))),
    "shuffle_and_repeat": lambda tf: np.sort(elements(
        rows(tf).apply(tf.data.experimental.shuffle_and_repeat(10, count=2))
    )),
    "Counter": lambda tf: elements(tf.data.experimental.Counter(start=3, step=2), 4),
    "choose": lambda tf: elements(tf.data.experimental.choose_from_datasets(
        [rows(tf), rows(tf).map(lambda x: x * 100)], tf.data.Dataset.range(2).repeat(3)
    )),
    "cardinality": lambda tf: [
        int(tf.data.experimental.cardinality(each))
        for each in (rows(tf), rows(tf).repeat(), rows(tf).filter(lambda x: x > 2))
    ],
    "assert_cardinality": lambda tf: int(tf.data.experimental.cardinality(
        rows(tf).filter(lambda x: x >= 0).apply(tf.data.experimental.assert_cardinality(10))
    )),
    "constants": lambda tf: [
        tf.data.experimental.INFINITE_CARDINALITY, tf.data.experimental.UNKNOWN_CARDINALITY,
        tf.data.experimental.AUTOTUNE, tf.data.INFINITE_CARDINALITY, tf.data.experimental.AutoShardPolicy.DATA.value
        if hasattr(tf.data.experimental.AutoShardPolicy.DATA, "value") else tf.data.experimental.AutoShardPolicy.DATA,
    ],
    "get_single_element": lambda tf: tf.data.experimental.get_single_element(rows(tf).batch(10)),
    "from_list": lambda tf: elements(tf.data.experimental.from_list([(1, 2.5), (3, 4.5)])),
    "CsvDataset": lambda tf: elements(tf.data.experimental.CsvDataset(
        in_file(TABLE), [[7], [0.5], ["none"]], header=True, na_value="?"
    )),
    "CsvDataset columns": lambda tf: elements(tf.data.experimental.CsvDataset(
        [in_file(TABLE, "GZIP")] * 2, [[9], tf.string], "GZIP", header=True, select_cols=[0, 2],
    )),
    "FixedLengthRecordDataset": lambda tf: elements(tf.data.FixedLengthRecordDataset(
        in_file("headABCDEFGHfoot"), 4, header_bytes=4, footer_bytes=4
    )),
    "make_csv_dataset": lambda tf: csv_columns(tf.data.experimental.make_csv_dataset(
        in_file(TABLE), batch_size=2, column_defaults=[[7], [0.5], ["none"]], label_name="a", na_value="?",
        num_epochs=1, shuffle=False, ignore_errors=True,
    )),
    "make_csv_dataset columns": lambda tf: csv_columns(tf.data.experimental.make_csv_dataset(
        in_file(TABLE), 3, select_columns=[0, 2], label_name="c", header=True, na_value="?", num_epochs=1,
        shuffle=False,
    )),
})  # fmt: skip


def csv_columns(dataset):
    """The numbers of batches of columns."""
    found = []
    for columns, label in dataset:
        for leaf in [*columns.values(), label]:
            value = np.asarray(leaf)
            found.append(np.array([len(each) for each in value]) if value.dtype.kind in "OS" else value)
    return np.concatenate(found).astype("float64")


def gradient_of_operator(tf):
    """Slope of a quadratic form in the entries of its factor, which is a variable."""
    factor = tf.Variable(M)
    with tf.GradientTape() as tape:
        operator = tf.linalg.LinearOperatorLowerTriangular(factor, is_non_singular=True)
        loss = tf.reduce_sum(operator.solvevec(V) ** 2) + tf.reduce_sum(operator.log_abs_determinant())
    return tape.gradient(loss, factor)


def value_of(name, tf):
    """The value of an expression as a NumPy array."""
    return np.asarray(EXPRESSIONS[name](tf))


if __name__ == "__main__":
    import tensorflow

    np.savez_compressed(RECORDED, **{name: value_of(name, tensorflow) for name in EXPRESSIONS})
