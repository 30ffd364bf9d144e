"""A test process that hangs ends the suite, with its name."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HANGS = """
import ctypes

def test_before(): pass

def test_hangs():
    mutex = ctypes.create_string_buffer(64)
    lock = ctypes.PyDLL(None).pthread_mutex_lock  # called with the lock of Python held
    lock(mutex)
    lock(mutex)

def test_after(): pass
"""


def test_a_process_that_executes_nothing_any_more_ends_the_suite(tmp_path: Path) -> None:
    """It is the failure, by its name; what the other processes had is done."""
    (tmp_path / "test_hangs.py").write_text(HANGS)
    for name in "abcdef":
        (tmp_path / f"test_{name}.py").write_text("def test_one(): pass\ndef test_two(): pass\n")
    command = [sys.executable, "-m", "pytest", "-n2", "-p", "tests.scheduling", tmp_path]
    command += ["-c", ROOT / "pyproject.toml", "--rootdir", tmp_path]
    command += ["--timeout=1", "-o", "faulthandler_timeout=2"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed" in done.stdout
    assert "crashed while running 'test_hangs.py::test_hangs'" in done.stdout
    assert "in test_hangs" in done.stderr
