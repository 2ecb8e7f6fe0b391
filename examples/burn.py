"""Products of large matrices for a long time, and the curve of their speed.

python examples/burn.py
python examples/burn.py --quick        seconds, on small sizes
"""

from gradmill.commands.micro import run_micro

run_micro("burn")
