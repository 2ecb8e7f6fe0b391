"""Named values that can be frozen."""

import json
from typing import Any, Iterator

from gradmill import errors
from gradmill.serialization import nearest_name


class Config:
    """Named values, as attributes or items, which can be frozen.

    Args:
        **values: the first ones.

    Example:
        >>> import gradmill as gm
        >>> config = gm.utils.Config(learning_rate=0.1)
        >>> config.epochs = 5
        >>> config["learning_rate"], sorted(config.keys())
        (0.1, ['epochs', 'learning_rate'])
        >>> config.freeze()
        >>> config.frozen
        True
    """

    _values: dict
    _frozen: bool

    def __init__(self, **values: Any):
        vars(self).update(_values=values, _frozen=False)

    @property
    def frozen(self) -> bool:
        """Whether changes are refused."""
        return self._frozen

    def freeze(self) -> None:
        """Refuse changes from now on."""
        vars(self)["_frozen"] = True

    def unfreeze(self) -> None:
        """Allow changes again."""
        vars(self)["_frozen"] = False

    def as_dict(self) -> dict:
        """Return the values as a new dict."""
        return dict(self._values)

    def to_json(self) -> str:
        """Return the values as JSON."""
        return json.dumps(self._values)

    def keys(self) -> Any:
        """Return the names."""
        return self._values.keys()

    def values(self) -> Any:
        """Return the values."""
        return self._values.values()

    def items(self) -> Any:
        """Return pairs of name and value."""
        return self._values.items()

    def get(self, keyname: str, value: Any = None) -> Any:
        """Return a value, or another one where the name is not there."""
        return self._values.get(keyname, value)

    def pop(self, *args: Any) -> Any:
        """Take a value away and return it, as a dict does."""
        self._change("pop")
        return self._values.pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set several values, as a dict does."""
        self._change("update")
        self._values.update(*args, **kwargs)

    def _change(self, what: str) -> None:
        if self._frozen:
            raise errors.ArgumentError(f"Config: expected no changes, as it is frozen; received {what}; unfreeze() it")

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __getattr__(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        nearest = nearest_name(name, list(self._values))
        raise AttributeError(f"Config has no value {name!r}" + (f"; did you mean {nearest!r}?" if nearest else ""))

    def __setitem__(self, name: str, value: Any) -> None:
        self._change(f"a value for {name!r}")
        self._values[name] = value

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __delitem__(self, name: str) -> None:
        self._change(f"a deletion of {name!r}")
        del self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: Any) -> bool:
        return name in self._values

    def __repr__(self) -> str:
        return f"<Config {self._values}>"
