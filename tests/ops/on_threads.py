"""What a computation gives with different numbers of threads."""

import gradmill as gm


def on_threads(compute, counts=(1, 2, 3)):
    """Results of `compute()`, one for each number of threads; the number from before is set again."""
    before, results = gm.config.get_threads(), []
    try:
        for count in counts:
            gm.config.set_threads(count)
            results.append(compute())
    finally:
        gm.config.set_threads(before)
    return results
