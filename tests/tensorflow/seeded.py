"""Run a script as `python -m gradmill.tensorflow SCRIPT` does, with the same random numbers each time."""

import sys

import gradmill
from gradmill.tensorflow.__main__ import main

gradmill.utils.set_random_seed(0)
sys.exit(main())
