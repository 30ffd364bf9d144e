"""An archive that was cut, changed or made up is refused in a sentence, whatever is wrong with
it.
"""

import gzip
import io
import os
import tarfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from comethooks.backup import reading, writing
from comethooks.backup.manifest import JOURNAL, MANIFEST, SUMS, Manifest
from comethooks.backup.packing import BackupError, Packing, packing_of
from comethooks.workers.journal import JournalCopy

ONE = Manifest(
    version="1.0",
    made_at="2026-11-30T00:00:00Z",
    journal=JournalCopy(database="sqlite", revision="0001", id="j"),
    waiting={"redis": 0},
)
CONTENT = os.urandom(200_000)


def good(writer: writing.Writer) -> None:
    """What a backup has."""
    writer.add_text(MANIFEST, orjson.dumps(ONE.document()))
    writer.add_text(JOURNAL, CONTENT)
    writer.add_text("plugins/a/b.py", b"import os\n")


def made(path: Path, add_all: Callable[[writing.Writer], None] = good) -> Path:
    """An archive with that in it."""
    with path.open("wb") as file:
        writing.write(file, Packing.GZIP, add_all)
    return path


def made_up(path: Path, *members: tarfile.TarInfo) -> Path:
    """An archive that begins well, with members that no backup has."""
    with tarfile.open(path, "w:gz") as tar:
        manifest = orjson.dumps(ONE.document())
        first = tarfile.TarInfo(MANIFEST)
        first.size = len(manifest)
        tar.addfile(first, io.BytesIO(manifest))
        for member in members:
            tar.addfile(member, io.BytesIO(bytes(member.size)))
    return path


def test_a_whole_one_gives_what_was_put_in(tmp_path: Path) -> None:
    """Each member once, in order, with all of its bytes."""
    got: dict[str, bytes] = {}
    found = reading.read(
        made(tmp_path / "a.tar.gz"),
        take=lambda name, content: got.update({name: b"".join(content.chunks())}),
    )
    assert got == {JOURNAL: CONTENT, "plugins/a/b.py": b"import os\n"}
    assert found.manifest == ONE
    assert found.sizes == {JOURNAL: len(CONTENT), "plugins/a/b.py": 10}


def cuts(size: int) -> Iterator[int]:
    """Lengths to cut an archive of that size to."""
    yield from (0, 1, 2, 10)
    yield from range(20, size, 9_973)
    yield from range(size - 30, size)


def test_cut_anywhere_it_is_refused(tmp_path: Path) -> None:
    """Also where only the end of the compression is missing."""
    whole = made(tmp_path / "a.tar.gz").read_bytes()
    path = tmp_path / "cut.tar.gz"
    for length in cuts(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(BackupError):
            reading.read(path)


def test_a_tar_that_ends_between_two_members_is_refused(tmp_path: Path) -> None:
    """Which a tar program would take for whole."""
    with gzip.open(made(tmp_path / "a.tar.gz")) as stream:
        tar = stream.read()
    for end in range(0, len(tar), 512 * 41):
        path = tmp_path / "cut.tar.gz"
        path.write_bytes(gzip.compress(tar[:end] + bytes(1024)))
        with pytest.raises(BackupError):
            reading.read(path)


def test_a_byte_that_changed_before_it_was_compressed_is_noticed(tmp_path: Path) -> None:
    """By the sums, where gzip's own says nothing."""
    with gzip.open(made(tmp_path / "a.tar.gz")) as stream:
        tar = bytearray(stream.read())
    tar[tar.index(CONTENT) + 100_000] ^= 1
    path = tmp_path / "changed.tar.gz"
    path.write_bytes(gzip.compress(bytes(tar)))
    with pytest.raises(BackupError, match="not what was put in"):
        reading.read(path)


@pytest.mark.parametrize(
    "name",
    [
        *("/etc/passwd", "../journal", "data/../../x", "data//x", "data/./x", "data/", "data"),
        *("plugins/..", "elsewhere/x", "valkey/a", "data/a\x1b[2J/../b"),
    ],
)
def test_a_name_that_leads_anywhere_else_is_refused(tmp_path: Path, name: str) -> None:
    """Whatever a terminal would obey in it is not printed."""
    with pytest.raises(BackupError, match="nothing that one holds") as told:
        reading.read(made_up(tmp_path / "a.tar.gz", tarfile.TarInfo(name)))
    assert "\x1b" not in str(told.value)


@pytest.mark.parametrize(
    "kind",
    [
        *(tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE),
        *(tarfile.DIRTYPE, tarfile.GNUTYPE_SPARSE, tarfile.CONTTYPE),
    ],
)
def test_what_is_no_ordinary_file_is_refused(tmp_path: Path, kind: bytes) -> None:
    """A link may lead out of the folder, and a device is none of ours."""
    member = tarfile.TarInfo("data/credentials")
    member.type, member.linkname = kind, "/etc/passwd"
    with pytest.raises(BackupError):
        reading.read(made_up(tmp_path / "a.tar.gz", member))


def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    twice = [tarfile.TarInfo("data/credentials"), tarfile.TarInfo("data/credentials")]
    with pytest.raises(BackupError, match="out of place"):
        reading.read(made_up(tmp_path / "a.tar.gz", *twice))


@pytest.mark.parametrize("missing", ["", "{}", "[]", "not json", '{"format": "x"}'])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, missing: str) -> None:
    path = made(tmp_path / "a.tar.gz", lambda writer: writer.add_text(MANIFEST, missing.encode()))
    with pytest.raises(BackupError, match="no backup of comethooks"):
        reading.read(path)


def test_one_of_a_newer_version_names_that_version(tmp_path: Path) -> None:
    """Whatever else stands in it."""
    newer = {"format": 2, "version": "9.1\x1b[2J", "more": True}
    path = made(
        tmp_path / "a.tar.gz", lambda writer: writer.add_text(MANIFEST, orjson.dumps(newer))
    )
    with pytest.raises(BackupError, match=r"a newer comethooks, 9\.1") as told:
        reading.read(path)
    assert "\x1b" not in str(told.value)


def test_sums_too_large_to_be_any_are_not_read_into_memory(tmp_path: Path) -> None:
    """A few kilobytes of an archive may be as many gigabytes."""
    member = tarfile.TarInfo(SUMS)
    member.size = 65 * 2**20
    with pytest.raises(BackupError, match="too much"):
        reading.read(made_up(tmp_path / "a.tar.gz", member))


def endless_header(kind: bytes) -> bytes:
    """A tar file that begins with a header of 16 MB before the member that it is of."""
    header = tarfile.TarInfo("x")
    header.type, header.size = kind, 16_000_000
    return header.tobuf(tarfile.GNU_FORMAT) + bytes(16_000_000)


def endless_map() -> bytes:
    """One that begins with the map of a sparse file, which has no end."""
    member = tarfile.TarInfo("journal")
    member.size = 4_000_000
    member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
    return member.tobuf(tarfile.PAX_FORMAT) + b"9999999\n" + b"100000000000\n" * 307_691


@pytest.mark.parametrize(
    "tar",
    [
        pytest.param(lambda: endless_header(tarfile.XHDTYPE), id="fields"),
        pytest.param(lambda: endless_header(tarfile.XGLTYPE), id="fields of all"),
        pytest.param(lambda: endless_header(tarfile.GNUTYPE_LONGNAME), id="a name"),
        pytest.param(lambda: endless_header(tarfile.GNUTYPE_LONGLINK), id="a link"),
        pytest.param(endless_map, id="a map of holes"),
    ],
)
def test_what_stands_before_a_member_takes_no_memory_either(
    tmp_path: Path, tar: Callable[[], bytes]
) -> None:
    """A file of some kilobytes would end the process."""
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(tar(), 1))
    tracemalloc.start()
    try:
        assert not reading.is_backup(path)
        with pytest.raises(BackupError):
            reading.read(path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 8_000_000


def test_a_file_that_is_said_to_have_holes_is_refused(tmp_path: Path) -> None:
    """Of a few bytes it could be as large as it says."""
    path = tmp_path / "a.tar.gz"
    member = tarfile.TarInfo(JOURNAL)
    member.pax_headers = {"GNU.sparse.map": "0,0", "GNU.sparse.size": str(2**60)}
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as tar:
        manifest = tarfile.TarInfo(MANIFEST)
        content = orjson.dumps(ONE.document())
        manifest.size = len(content)
        tar.addfile(manifest, io.BytesIO(content))
        tar.addfile(member)
    with pytest.raises(BackupError, match="nothing that one holds"):
        reading.read(path)


@pytest.mark.parametrize(
    "content", [b"", b"x", b"\x1f\x8b", b"\x1f\x8bnonsense", b"\x28\xb5\x2f\xfd"]
)
def test_what_is_no_archive_at_all_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(content)
    with pytest.raises(BackupError):
        reading.read(path)


def test_how_it_is_compressed_is_told_by_its_first_bytes(tmp_path: Path) -> None:
    """Somebody may have given it another name."""
    renamed = made(tmp_path / "a.tar.gz").rename(tmp_path / "a.backup")
    assert packing_of(renamed) is Packing.GZIP
    assert reading.read(renamed).manifest == ONE
