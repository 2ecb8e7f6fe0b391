"""TensorFlow's names over this engine: `import gradmill.tensorflow as tf`.

`python -m gradmill.tensorflow SCRIPT ARGS...` runs a script that was written for TensorFlow as it is;
`python -m gradmill.tensorflow --covered` lists the names.

Example:
    >>> import gradmill.tensorflow as tf
    >>> x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    >>> tf.reduce_mean(x, axis=0).numpy().tolist()
    [2.0, 3.0]
"""

import sys

from gradmill.tensorflow import import_hook, shapes, tree
from gradmill.tensorflow.namespace import become_namespace, register_root

shapes.extend_tensors()

__version__ = tree.VERSION
become_namespace(sys.modules[__name__], "tf", tree.root_names())
register_root("tf", sys.modules[__name__])
tree.add_compat(sys.modules[__name__])
import_hook.serve_own_modules(sys.modules[__name__])
