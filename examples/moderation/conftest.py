"""Lets the tests import the plugin without installing it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
