"""Lines for whoever watches a program: on standard output, or in the log."""

import logging
import sys

from gradmill import config


def say(text: str) -> None:
    """Write a line to standard output, or to the log "gradmill" after `config.disable_interactive_logging()`.

    Args:
        text: without the end of the line.

    Example:
        >>> from gradmill.utils.messages import say
        >>> say("ready")
        ready
    """
    if config.is_interactive_logging_enabled():
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    else:
        logging.getLogger("gradmill").info("%s", text)
