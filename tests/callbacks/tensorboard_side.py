"""Runs beside TensorBoard: the scalars of the event files in a folder, as JSON; null where it is not installed."""

import json
import sys
from pathlib import Path

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError:
    scalars = None
else:
    found = EventAccumulator(sys.argv[1]).Reload()
    scalars = {tag: [(each.step, each.value) for each in found.Scalars(tag)] for tag in found.Tags()["scalars"]}
Path(sys.argv[2]).write_text(json.dumps(scalars))
