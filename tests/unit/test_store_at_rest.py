"""What a store's files hold of people while it runs and after: nothing that could be read without the key."""

from pathlib import Path

from schemas.samples import PEOPLE
from tests.factories import control, inquiry
from tests.rig import Rig, tasks_in


def test_nobody_is_named_in_the_files_of_a_store(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    for data in (control("freeze"), inquiry(partners=["bank"])):
        (task,) = tasks_in(rig.feed([rig.request(data)[1]]))
        rig.feed([rig.receipt(task), rig.reply(task, "result")])
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    kept = b"".join(file.read_bytes() for file in files)
    assert len(kept) > 50_000
    account = str(control("freeze")["asset"]["number"])
    for secret in (*PEOPLE["P01"], *PEOPLE["P03"], account, "执123号", "何承办"):
        assert secret.encode() not in kept
