"""Further expressions in TensorFlow's names, of text, tables and sparse tensors; see expressions.py.

`python tests/tensorflow/table_expressions.py` with TensorFlow installed writes its values to tests/golden/tensorflow.
"""

from pathlib import Path

import numpy as np

RECORDED = Path(__file__).resolve().parents[1] / "golden" / "tensorflow" / "table_expressions.npz"

WORDS = ["a", "b", "c", "d"]
ROWS = [["a", "b", "c"], ["d"], []]
LONG = ["x" * length for length in (0, 3, 4, 8, 16, 17, 33, 65, 130)]
PLACES = [[2, 1], [0, 1], [1, 3]]


def letters(text):
    """Text and its shape as numbers, which can be compared like the others."""
    array = np.asarray(text.numpy(), dtype=object)
    return np.frombuffer(repr((array.shape, array.ravel().tolist())).encode(), "uint8")


def rows_of_letters(ragged):
    return np.frombuffer(repr(ragged.to_list()).encode(), "uint8")


def sparse(tf, values=(1.5, 2.5, -3.0)):
    return tf.SparseTensor(PLACES, tf.constant(values), [3, 4])


def table(tf, keys=WORDS, values=(10, 20, 30, 40), default=-1):
    initializer = tf.lookup.KeyValueTensorInitializer(tf.constant(keys), tf.constant(values, tf.int64))
    return tf.lookup.StaticHashTable(initializer, default)


def buckets(tf):
    initializer = tf.lookup.KeyValueTensorInitializer(WORDS, np.arange(4), tf.string, tf.int64)
    return tf.lookup.StaticVocabularyTable(initializer, 5)


SQUARE = np.array([[[4, 1, 0.5], [1, 3, 0.2], [0.5, 0.2, 2]], [[2, 0, 1], [0, 5, 2], [1, 2, 3]]], "float32")
RIGHT = np.arange(12, dtype="float32").reshape(2, 3, 2)
TALL = np.array([[1, 2], [3, 4], [5, 7], [2, 1]], "float32")


def together(tf):
    """Singular values, and the matrix put together again; signs of vectors are free."""
    values, left, right = tf.linalg.svd(TALL)
    return tf.concat([values, tf.reshape(tf.matmul(left * values, right, transpose_b=True), [-1])], 0)


def orthogonal(tf):
    q, r = tf.linalg.qr(TALL)
    return tf.concat([tf.abs(r), tf.matmul(q, r), tf.matmul(q, q, transpose_a=True)], 0)


MEMBERS = np.array([[[9, 3, 5, 3], [1, 1, 2, 0]]], "int32")
OTHERS = np.array([[[5, 11], [0, 2]]], "int32")


def members(found):
    """Places, values and sizes of sparse sets in one row."""
    return np.concatenate([np.ravel(each) for each in (found.indices, found.values, found.dense_shape)])


def step(total, entry):
    return total * 0.5 + entry


EXPRESSIONS = {
    "hash": lambda tf: tf.strings.to_hash_bucket_fast(LONG, 1000003),
    "hash with a key": lambda tf: tf.strings.to_hash_bucket_strong(LONG, 1000003, [7, 2**40]),
    "ngrams": lambda tf: letters(tf.strings.ngrams(WORDS, 2)),
    "ngrams of two sizes": lambda tf: rows_of_letters(
        tf.strings.ngrams(tf.ragged.constant(ROWS), (1, 2), separator="|")
    ),
    "ngrams of short rows": lambda tf: rows_of_letters(
        tf.strings.ngrams(tf.ragged.constant(ROWS), 3, preserve_short_sequences=True)
    ),
    "padded ngrams": lambda tf: rows_of_letters(
        tf.strings.ngrams(tf.ragged.constant(ROWS), 3, pad_values=("<", ">"), padding_width=1)
    ),
    "encode": lambda tf: letters(tf.strings.unicode_encode([72, 228, 8364], "UTF-8")),
    "encode rows": lambda tf: letters(tf.strings.unicode_encode(tf.ragged.constant([[72, 228], [8364]]), "UTF-8")),
    "table": lambda tf: table(tf).lookup(tf.constant([["b", "z"], ["d", "a"]])),
    "table of text": lambda tf: letters(
        tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(tf.constant([1, 2], tf.int64), tf.constant(["one", "two"])), "?"
        ).lookup(tf.constant([2, 5], tf.int64))
    ),
    "table size": lambda tf: table(tf).size(),
    "vocabulary": lambda tf: buckets(tf).lookup(tf.constant(["c", "what", "else", "a", ""])),
    "vocabulary size": lambda tf: buckets(tf).size(),
    "dense": lambda tf: tf.sparse.to_dense(sparse(tf), validate_indices=False),
    "dense of text": lambda tf: letters(
        tf.sparse.to_dense(tf.sparse.reorder(tf.SparseTensor(PLACES, ["p", "q", "r"], [3, 4])), "-")
    ),
    "dense with a default": lambda tf: tf.sparse.to_dense(tf.sparse.reorder(sparse(tf)), 9.0),
    "places in order": lambda tf: tf.sparse.reorder(sparse(tf)).indices,
    "values in order": lambda tf: tf.sparse.reorder(sparse(tf)).values,
    "sparse": lambda tf: tf.sparse.from_dense([[0, 3], [4, 0]]).indices,
    "reshaped": lambda tf: tf.sparse.reshape(tf.sparse.reorder(sparse(tf)), [2, -1]).indices,
    "product": lambda tf: tf.sparse.sparse_dense_matmul(sparse(tf), np.arange(8.0, dtype="float32").reshape(4, 2)),
    "product turned": lambda tf: tf.sparse.sparse_dense_matmul(
        sparse(tf), np.arange(6.0, dtype="float32").reshape(3, 2), adjoint_a=True
    ),
    "sum": lambda tf: tf.sparse.reduce_sum(tf.sparse.reorder(sparse(tf)), axis=1),
    "retained": lambda tf: tf.sparse.retain(sparse(tf), [True, False, True]).values,
    "cholesky": lambda tf: tf.linalg.cholesky(SQUARE),
    "determinant": lambda tf: tf.linalg.det(SQUARE),
    "logarithm of a determinant": lambda tf: tf.linalg.logdet(SQUARE),
    "inverse": lambda tf: tf.linalg.inv(SQUARE),
    "eigenvalues": lambda tf: tf.linalg.eigh(SQUARE)[0],
    "solve": lambda tf: tf.linalg.solve(SQUARE, RIGHT),
    "solve turned": lambda tf: tf.linalg.solve(SQUARE + np.eye(3, k=1, dtype="float32"), RIGHT, adjoint=True),
    "triangular": lambda tf: tf.linalg.triangular_solve(SQUARE, RIGHT),
    "triangular turned": lambda tf: tf.linalg.triangular_solve(SQUARE, RIGHT, lower=False, adjoint=True),
    "cholesky solve": lambda tf: tf.linalg.cholesky_solve(tf.linalg.cholesky(SQUARE), RIGHT),
    "least squares": lambda tf: tf.linalg.lstsq(TALL, TALL[:, :1] + 1, l2_regularizer=0.1),
    "pseudo-inverse": lambda tf: tf.linalg.pinv(TALL),
    "singular values": together,
    "orthogonal": orthogonal,
    "union": lambda tf: members(tf.sets.union(MEMBERS, OTHERS)),
    "intersection": lambda tf: members(tf.sets.intersection(MEMBERS, OTHERS)),
    "difference": lambda tf: members(tf.sets.difference(MEMBERS, OTHERS)),
    "difference the other way": lambda tf: members(tf.sets.difference(MEMBERS, OTHERS, aminusb=False)),
    "sparse sets": lambda tf: members(tf.sets.union(tf.sparse.from_dense(MEMBERS), tf.sparse.from_dense(OTHERS))),
    "sizes of sets": lambda tf: tf.sets.size(tf.sparse.from_dense(MEMBERS)),
    "sets of text": lambda tf: letters(
        tf.sets.union(tf.constant([["b", "a"]]), tf.constant([["c", "a"]])).values
    ),
    "foldl": lambda tf: tf.foldl(step, tf.constant([1.0, 2.0, 5.0])),
    "foldl from": lambda tf: tf.foldl(step, tf.constant([1.0, 2.0, 5.0]), initializer=tf.constant(8.0)),
    "foldr": lambda tf: tf.foldr(step, tf.constant([1.0, 2.0, 5.0])),
    "scan": lambda tf: tf.scan(step, tf.constant([1.0, 2.0, 5.0])),
    "scan from": lambda tf: tf.scan(step, tf.constant([1.0, 2.0, 5.0]), initializer=tf.constant(8.0)),
    "scan back": lambda tf: tf.scan(step, tf.constant([1.0, 2.0, 5.0]), reverse=True),
    "case": lambda tf: tf.case([(tf.constant(1) > 2, lambda: 1.0), (tf.constant(3) > 2, lambda: 2.0)], lambda: 3.0),
    "switch": lambda tf: tf.switch_case(tf.constant(7), [lambda: 1.0, lambda: 2.0]),
}


def value_of(name, tf):
    """The value of an expression as a NumPy array."""
    return np.asarray(EXPRESSIONS[name](tf))


if __name__ == "__main__":
    import tensorflow

    np.savez_compressed(RECORDED, **{name: value_of(name, tensorflow) for name in EXPRESSIONS})
