"""Opening a spool that holds something, and setting some of it aside: its numbers stay true."""

import shutil
from pathlib import Path

from comethooks.workers.spool.segment_writing import amount_of
from comethooks.workers.spool.spool import Spool
from comethooks.workers.spool.spool_reading import SpoolReader
from comethooks.workers.spool.spooled import encode
from tests.workers.spool.spools import MAX_BYTES, files, filled, numbers_in, spooled


class TestOpenedAgain:
    """A large one is read to be opened only where its numbers may be wrong."""

    def test_in_the_same_boot_its_numbers_are_taken(self, tmp_path: Path) -> None:
        spool = half_emptied(tmp_path / "spool")
        emptied, left = spool.state.emptied, numbers_in(spool)
        spool.close()
        again = Spool.open(spool.folder, max_bytes=MAX_BYTES)
        assert again.state.emptied == emptied
        assert numbers_in(again) == left
        assert again.status().records == len(left)

    def test_of_a_copy_they_are_made_anew(self, tmp_path: Path) -> None:
        """As of one that a power cut has left, or another host."""
        spool = half_emptied(tmp_path / "spool")
        left = numbers_in(spool)
        shutil.copytree(spool.folder, tmp_path / "copy")
        copy = Spool.open(tmp_path / "copy", max_bytes=MAX_BYTES)
        assert copy.state.emptied.records == 0
        assert numbers_in(copy) == left
        assert copy.status().records == len(left)

    def test_that_lags_behind_its_files_loses_nothing(self, tmp_path: Path) -> None:
        """As when a disk was torn off: what was flushed is there, and the numbers are old."""
        spool = filled(tmp_path / "spool", 3)
        old = (spool.folder / "state").read_bytes()
        spool.append([spooled(3)])
        spool.close()
        (spool.folder / "state").write_bytes(old)
        again = Spool.open(spool.folder, max_bytes=MAX_BYTES)
        again.append([spooled(4)])
        assert numbers_in(again) == list(range(5))
        assert again.status().records == 5


def half_emptied(folder: Path) -> Spool:
    """A spool of several segments, of which the first records are passed by."""
    spool = filled(folder, 40, segment_bytes=4096)
    reader = SpoolReader(spool)
    chunk = reader.read()
    assert chunk is not None
    reader.pass_by(chunk.found[4].end, amount_of([each.payload or b"" for each in chunk.found[:5]]))
    return spool


def test_what_is_set_aside_counts_no_more(tmp_path: Path) -> None:
    """Of the first segment, what is emptied counts already; the last one is appended to."""
    spool = half_emptied(tmp_path / "spool")
    live = files(spool.folder)
    for path in (live[0], live[-1], live[1]):
        spool.set_segment_aside(int(path.stem), ".foreign")
        left = list(spool.entries())
        assert spool.status().records == len(left)
        assert spool.status().bytes == amount_of([encode(each) for each in left]).bytes
    spool.append([spooled(40)])
    assert numbers_in(spool)[-1] == 40
