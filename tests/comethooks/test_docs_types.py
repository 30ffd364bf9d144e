"""The Python in README and docs passes mypy strict, as its authors would run it."""

import os
import re
import subprocess
import sys
from pathlib import Path

from comethooks.cli.explain.snippets import snippet
from comethooks.cli.plugins.scaffold import files_of
from comethooks.schemas import TRIGGERS
from tests.pages import blocks

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".mypy_cache" / "authors"
PAGES = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*/README.md")]


def test_every_block_of_python_passes_mypy_strict(tmp_path: Path) -> None:
    """One run for all of them, the snippets of `explain`, and a plugin that was just made."""
    files = dict(files_of("fresh"))
    for page in PAGES:
        name = re.sub(r"\W", "_", str(page.relative_to(ROOT))).lower()
        for number, block in enumerate(blocks(page, "python")):
            files[block.file or f"{name}_{number}.py"] = block.code
    for number, (trigger, entry) in enumerate(TRIGGERS.items()):
        files[f"snippet_{number}.py"] = snippet(trigger, entry.canonical)
    for name, code in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    done = subprocess.run(
        # The cache is beside ours, so that only the first run looks at the libraries.
        [
            sys.executable,
            *["-m", "mypy", "--strict", "--config-file=", ".", "--cache-dir"],
            str(CACHE),
        ],
        cwd=tmp_path,
        # The import hook of an editable install tells mypy nothing.
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
