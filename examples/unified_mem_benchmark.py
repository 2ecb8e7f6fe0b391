"""Copies between devices; with one device, between the program's arrays and tensors.

python examples/unified_mem_benchmark.py
python examples/unified_mem_benchmark.py --quick        seconds, on small sizes
"""

from gradmill.commands.micro import run_micro

run_micro("unified_mem_benchmark")
