"""Speed of square matrix products from 32 to 8192, in three dtypes; a plot with the best size marked.

python examples/tflops_sweep.py
python examples/tflops_sweep.py --quick        seconds, on small sizes
"""

from gradmill.commands.micro import run_micro

run_micro("tflops_sweep")
