"""What a program builds up beside its objects."""

from gradmill import symbolic


def clear_session() -> None:
    """Start automatic names ("dense", "dense_1", ...) again from the beginning.

    Models hold everything else themselves, so memory is given back when the last reference to a model goes; nothing has
    to be cleared for that.

    Example:
        >>> import gradmill as gm
        >>> gm.utils.clear_session()
        >>> gm.layers.Dense(1).name
        'dense'
    """
    symbolic.reset_names()
