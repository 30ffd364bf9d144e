"""The spool: order, what is left of it after kills and power cuts, and who may use it."""

import multiprocessing
import shutil
import stat
from pathlib import Path

import pytest

from comethooks.workers.record import Kind
from comethooks.workers.spool.segments import HEADER_BYTES
from comethooks.workers.spool.spool import Spool
from comethooks.workers.spool.spool_errors import SpoolFullError, SpoolPlaceError
from comethooks.workers.spool.spool_status import SpoolStatus
from comethooks.workers.spool.spooled import Spooled
from tests.workers.spool.spools import MAX_BYTES, files, filled, numbers_in, spooled


def opened(folder: Path, user: str = "") -> Spool:
    return Spool.open(folder, max_bytes=MAX_BYTES, user=user)


def test_what_is_appended_is_there_in_its_order(tmp_path: Path) -> None:
    """Byte for byte, with all that accepting it takes, for this process and the next one."""
    spool = opened(tmp_path / "spool")
    kept = [spooled(number, body=bytes(range(256)) * number) for number in range(5)]
    spool.append(kept[:2])
    spool.append(kept[2:])
    assert list(spool.entries()) == kept
    spool.close()
    assert list(opened(tmp_path / "spool").entries()) == kept


def test_a_new_one_holds_nothing(tmp_path: Path) -> None:
    """Then an append that is not to be made anyway is not made."""
    spool = opened(tmp_path / "spool")
    assert not spool.holds
    assert spool.append([spooled(1)], anyway=False) is False
    assert spool.status().records == 0
    assert spool.append([spooled(1)])
    assert spool.holds
    assert spool.append([spooled(2)], anyway=False) is True


def test_its_status_tells_how_much_and_since_when(tmp_path: Path) -> None:
    """A process that only looks sees the same."""
    spool = filled(tmp_path / "spool", 3)
    told = opened(tmp_path / "spool").status()
    assert (told.records, told.oldest_at, told.max_bytes) == (3, 0, MAX_BYTES)
    assert told == spool.status()
    assert told.bytes > 0
    assert opened(tmp_path / "other").status() == SpoolStatus(
        max_bytes=MAX_BYTES, set_aside=dict.fromkeys(("damaged", "refused", "newer", "foreign"), 0)
    )


def test_nobody_else_can_read_its_files(tmp_path: Path) -> None:
    """They hold bodies."""
    spool = filled(tmp_path / "spool", 1)
    spool.reserve()
    spool.remember("a journal")
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in spool.folder.iterdir()}
    assert len(modes) > 5
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.attack)])
def test_a_torn_tail_is_cut_off_wherever_it_ends(tmp_path: Path, step: int) -> None:
    """A power cut while the last record is written leaves all the others, and no damage."""
    spool = filled(tmp_path / "spool", 3)
    end = spool.state.tail.offset
    [path] = files(spool.folder)
    spool.append([spooled(3)])
    last = spool.state.tail.offset
    spool.close()
    whole = path.read_bytes()
    for cut in range(end, last, step):
        shutil.rmtree(tmp_path / "cut", ignore_errors=True)
        (tmp_path / "cut").mkdir(mode=0o700)
        (tmp_path / "cut" / path.name).write_bytes(whole[:cut])
        found = Spool.open(tmp_path / "cut", max_bytes=MAX_BYTES, segment_bytes=4096)
        assert numbers_in(found) == [0, 1, 2], cut
        assert found.status().set_aside["damaged"] == 0
        if (cut - end) % 50 < step:
            found.append([spooled(4)])
            assert numbers_in(found) == [0, 1, 2, 4], cut
        found.close()


def test_a_torn_tail_with_zeros_behind_it_is_cut_off(tmp_path: Path) -> None:
    """Of reserved space, what was not written reads as zeros."""
    spool = filled(tmp_path / "spool", 3)
    end = spool.state.tail.offset
    [path] = files(spool.folder)
    spool.append([spooled(3)])
    spool.close()
    data = bytearray(path.read_bytes())
    data[end + 20 :] = bytes(len(data) - end - 20)
    path.write_bytes(data)
    assert numbers_in(opened(spool.folder)) == [0, 1, 2]


def test_a_damaged_record_costs_no_other(tmp_path: Path) -> None:
    """What stands behind it is found again, even when its length is wrong."""
    for damaged in (4, 12, 40):  # in its length, its bytes
        folder = tmp_path / str(damaged)
        spool = filled(folder, 1)
        start = spool.state.tail.offset
        spool.append([spooled(1)])
        spool.append([spooled(2)])
        spool.close()
        [path] = files(folder)
        with path.open("r+b") as file:
            file.seek(start + damaged)
            file.write(b"\xff\xff")
        assert numbers_in(opened(folder)) == [0, 2]


def test_a_segment_of_a_newer_version_is_left_untouched(tmp_path: Path) -> None:
    """What cannot be read here may be read by those who wrote it."""
    spool = filled(tmp_path / "spool", 2)
    spool.close()
    [path] = files(spool.folder)
    data = bytearray(path.read_bytes())
    data[8] = 2
    path.write_bytes(data)
    found = opened(spool.folder)
    assert found.status().set_aside["newer"] == 1
    assert not found.holds
    found.append([spooled(7)])
    assert numbers_in(found) == [7]
    assert path.with_suffix(".newer").read_bytes() == data


def test_a_segment_without_a_header_is_set_aside(tmp_path: Path) -> None:
    """It must not keep anybody from starting."""
    spool = filled(tmp_path / "spool", 2)
    spool.close()
    [path] = files(spool.folder)
    path.write_bytes(b"garbage" + path.read_bytes())
    found = opened(spool.folder)
    assert found.status().set_aside["damaged"] == 1
    assert numbers_in(found) == []


def test_records_go_on_in_the_next_segment(tmp_path: Path) -> None:
    """One that is larger than a segment has one of its own."""
    spool = filled(tmp_path / "spool", 40, 4096, body=b"x" * 300)
    spool.append([spooled(40, body=b"y" * 10_000), spooled(41)])
    assert len(files(spool.folder)) > 4
    assert numbers_in(spool) == list(range(42))
    spool.close()
    assert numbers_in(opened(spool.folder)) == list(range(42))


def test_it_takes_no_more_than_it_may(tmp_path: Path) -> None:
    """What it holds already stays, and refusals are told to stop at half of that."""
    spool = Spool.open(tmp_path / "spool", max_bytes=40_000)
    halves: list[bool] = []

    def fill() -> None:
        for number in range(1000):
            spool.append([spooled(number, body=b"x" * 1000)])
            halves.append(spool.is_half_full)

    with pytest.raises(SpoolFullError, match="COMETHOOKS_SPOOL_MAX_BYTES"):
        fill()
    assert numbers_in(spool) == list(range(len(halves)))
    assert 10 < halves.index(True) < 20 <= len(halves)
    assert sum(path.stat().st_size for path in files(spool.folder)) <= 40_000


def test_a_second_data_directory_is_refused(tmp_path: Path) -> None:
    """Not one that comes when the first is gone: what it left is taken over."""
    spool = opened(tmp_path / "spool", "/one")
    another = opened(tmp_path / "spool", "/one")
    another.append([spooled(0)])
    another.close()
    with pytest.raises(SpoolPlaceError, match="another data directory, /one"):
        opened(tmp_path / "spool", "/two")
    spool.append([spooled(1)])
    spool.close()
    assert numbers_in(opened(tmp_path / "spool", "/two")) == [0, 1]


def test_a_folder_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    """With a sentence."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolPlaceError, match="COMETHOOKS_SPOOL_DIR"):
        opened(tmp_path / "file" / "spool")
    with pytest.raises(SpoolPlaceError, match="it is no folder"):
        opened(tmp_path / "file")


def test_processes_share_it(tmp_path: Path) -> None:
    """Each sees at once what the others append, and what each appends stays in its order."""
    spool = opened(tmp_path / "spool")
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=append_many, args=(spool, n)) for n in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    found = numbers_in(spool)
    assert sorted(found) == sorted(100 * n + each for n in range(3) for each in range(50))
    for n in range(3):
        assert [each for each in found if each // 100 == n] == [100 * n + i for i in range(50)]


def append_many(spool: Spool, number: int) -> None:
    for each in range(50):
        spool.append([spooled(100 * number + each)])


def test_what_a_killed_process_has_begun_to_write_is_cut_off(tmp_path: Path) -> None:
    """While another one lives, which appends next."""
    spool = filled(tmp_path / "spool", 2)
    tail = spool.state.tail
    with files(spool.folder)[0].open("r+b") as file:
        file.seek(tail.offset)
        file.write(b"\xf7half of a record")
    spool.state.is_dirty = True
    spool.append([spooled(2)])
    assert numbers_in(spool) == [0, 1, 2]
    assert spool.status().records == 3


def test_space_that_is_reserved_is_used(tmp_path: Path) -> None:
    """And kept anew, when somebody sees to it."""
    spool = opened(tmp_path / "spool")
    spool.reserve()
    before = spool.status().reserved
    assert before == 2 * 8 * 1024 * 1024
    spool.append([spooled(1)])
    assert spool.status().reserved == before // 2
    spool.reserve()
    assert spool.status().reserved == before
    assert numbers_in(spool) == [1]


def test_rewriting_changes_what_is_meant(tmp_path: Path) -> None:
    """The former bytes are in no file, what is emptied included, and all else is as it was."""
    spool = filled(tmp_path / "spool", 60, 4096, body=b"before" * 40)
    place = spool.state.place
    emptied = next(iter(spool.entries()))
    for path in files(spool.folder)[:1]:
        spool.state.place = place._replace(segment=1, offset=first_end(path))

    def change(each: Spooled) -> Spooled | None:
        if each.record.received_at % 3 == 0:
            return None
        if each.record.received_at % 3 == 1:
            return spooled(each.record.received_at, body=b"after")
        return each

    kept = [each for each in spool.entries() if each.record.received_at % 3 == 2]
    assert spool.rewrite(change) == 39
    found = list(spool.entries())
    assert [each.record.received_at for each in found] == [n for n in range(1, 60) if n % 3]
    assert [each for each in found if each.record.received_at % 3 == 2] == kept
    assert emptied.record.id.encode() not in b"".join(p.read_bytes() for p in files(spool.folder))
    spool.append([spooled(60)])
    assert spool.status().records == 41
    spool.close()
    assert len(numbers_in(opened(spool.folder))) == 41


def first_end(path: Path) -> int:
    """Where the first record of a segment ends."""
    data = path.read_bytes()[HEADER_BYTES:]
    return HEADER_BYTES + 12 + int.from_bytes(data[4:8], "little")


def test_refusals_are_kept_as_they_are(tmp_path: Path) -> None:
    """They have no duplicate key."""
    spool = opened(tmp_path / "spool")
    refused = Spooled(spooled(1, kind=Kind.REFUSED).record)
    spool.append([refused])
    assert list(spool.entries()) == [refused]
