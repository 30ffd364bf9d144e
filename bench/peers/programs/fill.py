"""`python fill.py MODULE FILE`: fill the queue of a program with the bodies in a file, one a line.

The program is imported, because its tasks are known by the name of their module.
"""

import importlib
import json
import sys
from pathlib import Path

module, path = sys.argv[1:]
with Path(path).open() as lines:
    importlib.import_module(module).fill(map(json.loads, lines))
