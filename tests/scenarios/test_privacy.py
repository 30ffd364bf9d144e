"""What others on the machine can see: which files they may read, and what the lists of processes
and of their environments show. Of `web` and `worker` by themselves, `test_recovery` shows it.
"""

import json
from pathlib import Path

from tests.scenarios.privacy import REST_KEY, SECRETS, SIGNING, readable, shown
from tests.scenarios.stack import RECORDER, command_of, message
from tests.scenarios.test_up import Up, done
from tests.waiting import wait_for


def test_what_up_makes_is_for_its_user_alone(tmp_path: Path, open_to_all: None) -> None:
    """Files, in a data directory that everybody may look into; and no process shows a secret in its
    command line.
    """
    up = Up(tmp_path)
    up.stack.anew = True  # its command line is its own
    up.data_dir.chmod(0o755)
    up.stack.environment |= SECRETS
    del up.stack.environment["COMETHOOKS_PLUGIN_DIR"]
    plugins = up.data_dir / "plugins"
    plugins.mkdir(mode=0o700)
    (plugins / "recorder.py").write_text(
        "\n".join(line.removeprefix("    ") for line in RECORDER.splitlines())
    )
    (plugins / "recorder.py").chmod(0o600)
    try:
        up.start()
        answer = up.post(json.dumps(message(1, 1)).encode())
        assert answer.status_code == 200
        wait_for(lambda: answer.json()["id"] in done(up), "it is done")
        for command in (
            ("events", "bookmark", answer.json()["id"], "one"),
            ("events", "export", "--output", str(up.data_dir / "events.jsonl")),
            ("backup", str(up.data_dir / "kept.tar.gz")),
        ):
            up.stack.invoke(*command)
        assert readable(up.data_dir) == {}
        secrets = {up.credential[1], REST_KEY, SIGNING}
        assert shown(up.process.pid, secrets, command_of) == {}
    finally:
        up.stack.close()
