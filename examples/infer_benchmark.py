"""Latency percentiles and samples a second of predictions, for one sample and for 64.

python examples/infer_benchmark.py
python examples/infer_benchmark.py --quick        seconds, on small sizes
"""

from gradmill.commands.micro import run_micro

run_micro("infer_benchmark")
