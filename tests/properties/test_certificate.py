"""The completeness certificate: never without every partner's explicit answer, whatever else was said, repeated or late."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.rules import completeness
from schemas import samples
from schemas.messages import Certified, Refused, TaskSent
from tests.factories import inquiry
from tests.rig import PARTNERS, Rig, said

EXPLICIT = ("result", "no-record")
WINDOW = 31
"""Seconds: longer than any partner of the samples has for receipt and reply together."""

Said = tuple[str, str, bool]
Round = tuple[list[Said], bool, list[Said]]
partners = st.sampled_from(sorted(PARTNERS))
words = st.tuples(partners, st.sampled_from([*EXPLICIT, "partial", "refused", "returned"]), st.booleans())
"""Which partner answers its newest task, how, and whether the answer is delivered twice."""
inquiries = st.lists(st.tuples(st.lists(words, max_size=6), st.booleans(), st.lists(words, max_size=3)), min_size=1, max_size=3)
"""Of each inquiry of the case: what is answered in time, whether all the others answer too, and what is answered late."""
FILLED = st.sampled_from(EXPLICIT)


def play(rounds: list[Round], filling: str) -> None:
    """Ask, hear, ask for the certificate; and hold what comes against what was said."""
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), courts=("court-9901",))
        in_time: set[str] = set()
        ever: set[str] = set()
        for promptly, all_others, late in rounds:
            tasks = {each.recipient: each for each in said(rig.feed([rig.request(inquiry("P01"))[1]])) if isinstance(each, TaskSent)}
            open_tasks = dict(tasks)

            def answer(partner: str, kind: str, twice: bool, open_tasks: dict[str, Any] = open_tasks) -> bool:
                """Whether this is the first that the partner says to this task."""
                if partner not in open_tasks:
                    return False
                record = rig.reply(open_tasks.pop(partner), kind, searched=["resident-id-18"])
                rig.feed([record, record] if twice else [record])
                return True

            given_now = [*promptly, *((each, filling, False) for each in sorted(PARTNERS) if all_others)]
            in_time |= {who for who, kind, twice in given_now if answer(who, kind, twice) and kind in EXPLICIT}
            rig.run_until(rig.now + WINDOW * 1_000_000)
            ever |= {who for who, kind, twice in late if answer(who, kind, twice) and kind in EXPLICIT}
            _, asked = rig.statement({"case_number": samples.case_number(), "subject": samples.subject("P01")}, "certificate-request")
            heard = said(rig.feed([asked]))
            issued = [each for each in heard if isinstance(each, Certified)]
            refused = [each for each in heard if isinstance(each, Refused)]
            assert len(issued) + len(refused) == 1
            assert not issued or set(PARTNERS) <= in_time | ever, "certified without every explicit answer"
            assert not set(PARTNERS) <= in_time or issued, "every partner has answered in time, and no certificate"
            for each in issued:
                assert {line.partner for line in each.data.answers} == set(PARTNERS)
        rig.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(inquiries, FILLED)
def test_no_certificate_without_every_explicit_answer(rounds: list[Round], filling: str) -> None:
    play(rounds, filling)


def test_a_certificate_that_forgets_a_silent_partner_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    all_but_one: list[Said] = [(partner, "no-record", False) for partner in sorted(PARTNERS) if partner != "bank-two"]
    one_silent: list[Round] = [(all_but_one, False, [])]
    play(one_silent, "no-record")
    required = completeness.required

    def forgetful(*given: Any, **named: Any) -> tuple[str, ...]:
        return tuple(each for each in required(*given, **named) if each != "bank-two")

    monkeypatch.setattr(completeness, "required", forgetful)
    with pytest.raises(AssertionError, match="without every explicit answer"):
        play(one_silent, "no-record")
