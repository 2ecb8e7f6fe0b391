"""Gigabytes a second of add, mult, mult-add and triad over arrays of many sizes.

python examples/bw_benchmark.py
python examples/bw_benchmark.py --quick        seconds, on small sizes
"""

from gradmill.commands.micro import run_micro

run_micro("bw_benchmark")
