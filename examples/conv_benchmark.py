"""Speed of a 3x3 convolution, normal and depthwise-separable: forward, backward-data, backward-weight.

python examples/conv_benchmark.py
python examples/conv_benchmark.py --quick        seconds, on small sizes
"""

from gradmill.commands.micro import run_micro

run_micro("conv_benchmark")
