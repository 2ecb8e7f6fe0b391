"""Turning objects into plain configurations and back, in the JSON form of Keras 3.

An object becomes ``{"module", "class_name", "config", "registered_name"}`` (plus ``build_config`` and
``compile_config`` where the object offers them). Only names that were registered, or that the caller passes as
`custom_objects`, are ever turned back into code: nothing is imported or evaluated because a file asked for it.

Classes of this package register under the public module they have in Keras (``"keras.layers"``), so files can be
exchanged in both directions; a user's classes register under a package name of their own.
"""

from __future__ import annotations

import contextlib
import inspect
import types
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Mapping, Optional, Sequence, Union

import numpy as np

from gradmill.errors import ArgumentError, UnsupportedError
from gradmill.symbolic import FunctionOperation, SymbolicTensor, make_function_operation
from gradmill.utils.lazy import LazyModule

if TYPE_CHECKING:
    import difflib
else:
    difflib = LazyModule("difflib")

_PLAIN_TYPES = (str, bool, int, float)
# Modules in which a configuration may name a function by its bare name, as Keras does for "relu" or "mse".
_FUNCTION_MODULES = ("activations", "losses", "metrics", "initializers", "constraints", "regularizers", "optimizers")

_custom_objects: dict[str, Any] = {}
_custom_names: dict[Any, str] = {}
_public_objects: dict[tuple[str, str], Any] = {}
_public_names: dict[Any, tuple[str, str]] = {}
_scopes: list[dict[str, Any]] = []
_kept: list[dict[str, Any]] = []  # the functions of each `functions_kept`
_sharing: list[ObjectSharingScope] = []


def register_serializable(
    package: str = "Custom", name: Optional[str] = None, aliases: Sequence[str] = ()
) -> Callable[[Any], Any]:
    """Register a class or function so that it can be written to a configuration and read back.

    Args:
        package: a name of your own, giving the registered name ``"package>name"``. Names that start with ``"keras"``
            ("keras", "keras.layers", ...) are kept for the classes of this package and give Keras's public form.
        name: name inside the package; default is the name of the object.
        aliases: further names under which a configuration may call the same object.

    Returns:
        A decorator that returns its argument unchanged.

    Raises:
        ArgumentError: a class without `get_config`.

    Example:
    >>> @register_serializable("my_package")
    ... class Doubling:
    ...     def get_config(self):
    ...         return {}
    ...     @classmethod
    ...     def from_config(cls, config):
    ...         return cls(**config)
    >>> serialize_object(Doubling())["registered_name"]
    'my_package>Doubling'
    """

    def decorate(target: Any) -> Any:
        own_name = name or target.__name__
        if inspect.isclass(target) and not hasattr(target, "get_config"):
            raise ArgumentError(
                f"register_serializable: expected a class with get_config(); received {target.__name__} without it; "
                "add a get_config method that returns the constructor's arguments"
            )
        if package == "keras" or package.startswith("keras."):
            _public_names[target] = (package, own_name)
            for each in (own_name, *aliases):
                _public_objects[(package, each)] = target
        else:
            _custom_names[target] = f"{package}>{own_name}"
            for each in (own_name, *aliases):
                _custom_objects[f"{package}>{each}"] = target
        return target

    return decorate


def get_custom_objects() -> dict[str, Any]:
    """Return the live table of registered user objects, by registered name."""
    return _custom_objects


def get_registered_name(target: Any) -> str:
    """Return the registered name of a class or function, or its own name when it was not registered.

    Args:
        target: class or function.
    """
    return _custom_names.get(target, target.__name__)


def get_registered_object(name: str, custom_objects: Optional[Mapping[str, Any]] = None) -> Any:
    """Return the user's object called `name`, or None.

    Args:
        name: sought in open scopes first, then among the registered objects, then in `custom_objects`.
        custom_objects: names to classes and functions.
    """
    for scope in reversed(_scopes):
        if name in scope:
            return scope[name]
    if name in _custom_objects:
        return _custom_objects[name]
    return (custom_objects or {}).get(name)


class CustomObjectScope:
    """Context in which a dictionary of names is known to `deserialize_object`.

    Args:
        custom_objects: names to classes or functions.

    Example:
    >>> with CustomObjectScope({"double": lambda x: x * 2}):
    ...     get_registered_object("double")(4)
    8
    """

    def __init__(self, custom_objects: Optional[Mapping[str, Any]] = None):
        self._custom_objects = dict(custom_objects or {})

    def __enter__(self) -> CustomObjectScope:
        _scopes.append(self._custom_objects)
        return self

    def __exit__(self, *exception: Any) -> None:
        _scopes.remove(self._custom_objects)


custom_object_scope = CustomObjectScope


@contextlib.contextmanager
def functions_kept() -> Iterator[None]:
    """Context in which a function is described by a name that stands for itself, even a lambda: for copies, not files.

    Example:
    >>> with functions_kept():
    ...     deserialize_object(serialize_object(lambda x: x * 2))(4)
    8
    """
    kept: dict[str, Any] = {}
    _kept.append(kept)
    _scopes.append(kept)
    try:
        yield
    finally:
        _scopes.pop()
        _kept.pop()


class ObjectSharingScope:
    """Context in which an object met twice is written with one `shared_object_id` and read back as one object."""

    def __init__(self) -> None:
        self.configs: dict[int, dict] = {}
        self.objects: dict[int, Any] = {}

    def __enter__(self) -> ObjectSharingScope:
        _sharing.append(self)
        return self

    def __exit__(self, *exception: Any) -> None:
        _sharing.remove(self)


def nearest_name(name: Any, known: Iterable[str]) -> Optional[str]:
    """Return the known name most like `name`, or None when nothing is near."""
    by_folded = {each.lower().replace("_", ""): each for each in known}
    found = difflib.get_close_matches(str(name).lower().replace("_", ""), list(by_folded), n=1, cutoff=0.5)
    return by_folded[found[0]] if found else None


def get_by_name(table: Mapping[str, Any], identifier: Any, kind: str) -> Any:
    """Look a name up in a table.

    Args:
        table: names to objects.
        identifier: the name that was asked for.
        kind: what the table holds, for the message ("optimizer", "activation").

    Returns:
        The object found.

    Raises:
        ArgumentError: an unknown name; the message gives the nearest known one.

    Example:
    >>> get_by_name({"relu": max}, "relu", "activation") is max
    True
    """
    if isinstance(identifier, str) and identifier in table:
        return table[identifier]
    if isinstance(identifier, str):
        custom = get_registered_object(identifier)
        if custom is not None:
            return custom
    guess = nearest_name(identifier, table)
    advice = f"did you mean {guess!r}?" if guess else f"known are {', '.join(sorted(table)[:12])}, ..."
    raise ArgumentError(f"{kind}: expected a known name; received {identifier!r}; {advice}")


def resolve_identifier(
    identifier: Any,
    table: Mapping[str, Any],
    kind: str,
    module: str,
    custom_objects: Optional[Mapping[str, Any]] = None,
) -> Any:
    """Turn what a user may give for an argument (None, name, configuration, class, object) into an object.

    Args:
        identifier: None gives None; a name is looked up; a configuration is deserialized; a class is instantiated;
            anything callable is returned as it is.
        table: names to classes or functions.
        kind: what is wanted, for messages.
        module: public module in which configurations without a module are sought ("keras.initializers").
        custom_objects: further names.

    Returns:
        None, an object or a function.

    Raises:
        ArgumentError: an unknown name, or a value of another type.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        with CustomObjectScope(custom_objects):
            found = deserialize_object(identifier, default_module=module)
    elif isinstance(identifier, str):
        with CustomObjectScope(custom_objects):
            found = get_by_name(table, identifier, kind)
    else:
        found = identifier
    if inspect.isclass(found):
        found = found()
    if not callable(found):
        raise ArgumentError(
            f"{kind}: expected None, a name, a configuration or a callable; received {identifier!r} of type "
            f"{type(identifier).__name__}; pass one of these"
        )
    return found


def serialize_dict(values: Mapping[str, Any]) -> dict[str, Any]:
    """Serialize every value of a dictionary."""
    return {key: serialize_object(value) for key, value in values.items()}


def serialize_object(target: Any) -> Any:
    """Return a structure of dictionaries, lists and plain values that describes an object.

    Args:
        target: plain value, list, tuple, dictionary, bytes, slice, array, tensor, function, or any object with
            `get_config`.

    Returns:
        A structure that `json.dumps` accepts and that `deserialize_object` reads.

    Raises:
        ArgumentError: an object without `get_config`.
        UnsupportedError: a lambda, whose code is never written to a file.

    Example:
    >>> serialize_object(slice(1, 5, None))
    {'class_name': '__slice__', 'config': {'start': 1, 'stop': 5, 'step': None}}
    """
    special = _serialize_special(target)
    if special is not None or target is None:
        return special[0] if special else None

    is_function = isinstance(target, (types.FunctionType, types.BuiltinFunctionType))
    if is_function and _kept and target not in _public_names:
        name = f"{target.__name__}#{len(_kept[-1])}"
        _kept[-1][name] = target
        return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
    if is_function and target.__name__ == "<lambda>":
        raise UnsupportedError(
            "serialize_object: expected a named function; received a lambda, whose code is never written to a file; "
            "define it with def and decorate it with gm.saving.register_serializable()"
        )
    kind = target if is_function or inspect.isclass(target) else type(target)
    module: Optional[str]
    inner = get_registered_name(target) if kind is target else _config_of(target)
    if is_function and target in _public_names:
        inner = _public_names[target][1]
    if kind in _public_names and not is_function:
        module, class_name = _public_names[kind]
        # Keras gives classes outside its public names (Functional) their own name here.
        registered_name = class_name if module.startswith("keras.src") else None
    else:
        module = "builtins" if is_function else kind.__module__
        class_name = "function" if is_function else kind.__name__
        registered_name = "function" if is_function else get_registered_name(kind)
        # Keras writes null where a loader could not import the module anyway.
        module = None if module == "__main__" else module
    if isinstance(target, FunctionOperation):
        module, class_name, registered_name = target.module, target.class_name, target.class_name
    config = {"module": module, "class_name": class_name, "config": inner, "registered_name": registered_name}
    _add_hook_configs(target, config)
    _note_serialized(target, config)
    return config


def _serialize_special(target: Any) -> Optional[tuple]:
    """Return a one-element tuple for values that are not described by a class and a configuration."""
    if isinstance(target, _PLAIN_TYPES):
        return (target,)
    if isinstance(target, list):
        return ([serialize_object(each) for each in target],)
    if isinstance(target, tuple):
        return (tuple(serialize_object(each) for each in target),)
    if isinstance(target, Mapping) and not hasattr(target, "get_config"):
        return (serialize_dict(target),)
    if isinstance(target, bytes):
        return ({"class_name": "__bytes__", "config": {"value": target.decode("utf-8")}},)
    if isinstance(target, slice):
        return ({"class_name": "__slice__", "config": {k: getattr(target, k) for k in ("start", "stop", "step")}},)
    if target is Ellipsis:
        return ({"class_name": "__ellipsis__", "config": {}},)
    if isinstance(target, SymbolicTensor):
        history = target._keras_history
        record = None if history is None else [history.operation.name, history.node_index, history.tensor_index]
        config = {"shape": target.shape, "dtype": target.dtype, "keras_history": record}
        return ({"class_name": "__keras_tensor__", "config": config},)
    if isinstance(target, np.ndarray) and target.ndim > 0:
        return ({"class_name": "__numpy__", "config": {"value": target.tolist(), "dtype": str(target.dtype)}},)
    if isinstance(target, (np.ndarray, np.generic)):
        return (target.item(),)
    if isinstance(target, np.dtype):
        return (target.name,)
    if callable(getattr(target, "numpy", None)) and not hasattr(target, "get_config"):
        value = np.asarray(target.numpy())
        return ({"class_name": "__tensor__", "config": {"value": value.tolist(), "dtype": str(target.dtype)}},)
    return None


def _config_of(target: Any) -> dict[str, Any]:
    if not hasattr(target, "get_config"):
        raise ArgumentError(
            f"serialize_object: expected an object with get_config(); received {target!r} of type "
            f"{type(target).__name__}; add get_config and from_config to its class"
        )
    config = target.get_config()
    if not isinstance(config, Mapping):
        raise ArgumentError(
            f"{type(target).__name__}.get_config: expected a dictionary; received {type(config).__name__}; "
            "return the constructor's arguments by name"
        )
    return serialize_dict(config)


def _add_hook_configs(target: Any, config: dict[str, Any]) -> None:
    if inspect.isclass(target):
        return
    for key, hook in (("build_config", "get_build_config"), ("compile_config", "get_compile_config")):
        found = getattr(target, hook)() if hasattr(target, hook) else None
        if found is not None:
            config[key] = serialize_dict(found)


def _note_serialized(target: Any, config: dict[str, Any]) -> None:
    if not _sharing:
        return
    known = _sharing[-1].configs
    if id(target) in known:
        config["shared_object_id"] = known[id(target)]["shared_object_id"] = id(target)
    else:
        known[id(target)] = config


def deserialize_object(
    config: Any, custom_objects: Optional[Mapping[str, Any]] = None, default_module: Optional[str] = None
) -> Any:
    """Build the object that a configuration describes.

    Args:
        config: what `serialize_object` returned (or the same after JSON).
        custom_objects: names to classes and functions of the user.
        default_module: public module of classes whose configuration names none (files of older Keras versions).

    Returns:
        The object; lists and plain dictionaries are walked.

    Raises:
        ArgumentError: an unknown class, a configuration that its class refuses, or a malformed one.
        UnsupportedError: a lambda stored as code.

    Example:
    >>> deserialize_object({"class_name": "__bytes__", "config": {"value": "ab"}})
    b'ab'
    """
    if config is None:
        return None
    if isinstance(config, str):
        found = (custom_objects or {}).get(config)
        return config if found is None else found
    if isinstance(config, _PLAIN_TYPES):
        return config
    if isinstance(config, (list, tuple)):
        return [deserialize_object(each, custom_objects, default_module) for each in config]
    if not isinstance(config, Mapping):
        raise ArgumentError(
            f"deserialize_object: expected a configuration; received {config!r} of type {type(config).__name__}; "
            "pass what serialize_object returned"
        )
    if "class_name" not in config or "config" not in config:
        return {key: deserialize_object(value, custom_objects, default_module) for key, value in config.items()}

    class_name, inner = config["class_name"], config["config"]
    inner = {} if inner is None else inner
    if isinstance(class_name, str) and class_name.startswith("__") and class_name.endswith("__"):
        return _deserialize_special(class_name, inner, custom_objects)
    if class_name == "function":
        if not isinstance(inner, str):
            raise ArgumentError(f"deserialize_object: expected a function's name; received {inner!r}; check the file")
        return _find(inner, config.get("registered_name"), config.get("module"), custom_objects, default_module, True)
    shared = config.get("shared_object_id")
    if shared is not None and _sharing and shared in _sharing[-1].objects:
        return _sharing[-1].objects[shared]
    instance = _build(config, class_name, inner, custom_objects, default_module)
    if shared is not None and _sharing:
        _sharing[-1].objects[shared] = instance
    return instance


def _deserialize_special(class_name: str, inner: Any, custom_objects: Optional[Mapping[str, Any]]) -> Any:
    if class_name == "__lambda__":
        raise UnsupportedError(
            "deserialize_object: expected a named function; received the code of a lambda, which is never run; save "
            "the model again with a function registered by gm.saving.register_serializable()"
        )
    try:
        if class_name == "__bytes__":
            return inner["value"].encode("utf-8")
        if class_name == "__slice__":
            return slice(*(deserialize_object(inner[each], custom_objects) for each in ("start", "stop", "step")))
        if class_name == "__ellipsis__":
            return Ellipsis
        if class_name in ("__numpy__", "__tensor__"):
            return np.array(inner["value"], dtype=inner["dtype"])
        if class_name == "__keras_tensor__":
            tensor = SymbolicTensor(inner["shape"], dtype=inner["dtype"])
            tensor._saved_history = inner["keras_history"]
            return tensor
    except (KeyError, TypeError, AttributeError) as error:
        raise ArgumentError(
            f"deserialize_object: expected a complete {class_name} record; received {inner!r}; check the file"
        ) from error
    raise UnsupportedError(f"deserialize_object: expected a known record; received {class_name!r}; check the file")


def _build(
    config: Mapping[str, Any],
    class_name: str,
    inner: Any,
    custom_objects: Optional[Mapping[str, Any]],
    default_module: Optional[str],
) -> Any:
    if not isinstance(inner, Mapping):
        raise ArgumentError(
            f"{class_name}: expected its configuration to be a dictionary; received {inner!r}; check the file"
        )
    if str(config.get("module")).startswith("keras.src.ops"):
        return make_function_operation(class_name, deserialize_object(dict(inner), custom_objects))
    found = _find(
        class_name, config.get("registered_name"), config.get("module"), custom_objects, default_module, False
    )
    if isinstance(found, types.FunctionType):
        return found
    if not hasattr(found, "from_config"):
        raise ArgumentError(f"{class_name}: expected a class with from_config(); received {found!r}; add the method")
    with CustomObjectScope(custom_objects):
        try:
            instance = found.from_config(dict(inner))  # type: ignore[attr-defined]
        except TypeError as error:
            raise ArgumentError(
                f"{class_name}: expected a configuration that {found.__name__}.from_config accepts; received "
                f"{dict(inner)!r} ({error}); make get_config return exactly the constructor's arguments"
            ) from error
        if config.get("build_config") and not getattr(instance, "built", True):
            instance.build_from_config(config["build_config"])
            instance.built = True
        if config.get("compile_config") and hasattr(instance, "compile_from_config"):
            instance.compile_from_config(config["compile_config"])
    return instance


def _find(
    name: str,
    registered_name: Optional[str],
    module: Optional[str],
    custom_objects: Optional[Mapping[str, Any]],
    default_module: Optional[str],
    is_function: bool,
) -> Union[type, Callable]:
    for each in (None if is_function else registered_name, name):
        custom = get_registered_object(each, custom_objects) if each else None
        # Keras looks built-in classes up by registered name only, so that a user's "Dense" does not hide ours.
        if custom is not None and (each == registered_name or is_function or module is None or "." not in module):
            return custom
    if is_function and module in (None, "builtins"):
        modules: Sequence[Optional[str]] = [f"keras.{each}" for each in _FUNCTION_MODULES]
    else:
        modules = [module or default_module]
    for each in modules:
        found = _find_public(name, each)
        if found is not None:
            return found
    if module in (None, "builtins") or not str(module).startswith("keras"):
        for scope in (*reversed(_scopes), _custom_objects, custom_objects or {}):
            for key, value in scope.items():
                if key == name or key.endswith(f">{name}"):
                    return value
    guess = nearest_name(name, [each[1] for each in _public_objects] + [key.split(">")[-1] for key in _custom_objects])
    raise ArgumentError(
        f"deserialize_object: expected a known class or function; received {name!r} of module {module!r}; decorate it "
        "with gm.saving.register_serializable() or pass it in custom_objects"
        + (f" (nearest known name: {guess!r})" if guess else "")
    )


def _find_public(name: str, module: Optional[str]) -> Any:
    """Find an object of this package by public module and name.

    Inner modules ("keras.src.layers.core.dense", "tf_keras.layers") lead to the public one that shares a part.
    """
    if module is None:
        return None
    module = module.replace("tensorflow.keras", "keras").replace("tf_keras", "keras").replace("gradmill", "keras")
    if (module, name) in _public_objects:
        return _public_objects[(module, name)]
    if not module.startswith("keras"):
        return None
    parts = set(module.split(".")) - {"keras", "src"}
    candidates = [each for each in _public_objects if each[1] == name]
    matching = [each for each in candidates if parts & set(each[0].split("."))]
    if len(matching) == 1:
        return _public_objects[matching[0]]
    return _public_objects[candidates[0]] if len(candidates) == 1 else None
