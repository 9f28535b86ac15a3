"""Whatever partners answer and courts state, in any order: no certificate while the case is open or anything in it stands."""

import tempfile
from pathlib import Path
from typing import Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.rules.cases import LIFTS, CaseState
from hub.rules.lift import Binding, LiftState, all_ended
from hub.rules.measures import MeasureState
from hub.rules.watches import WatchState
from tests.factories import control, locate
from tests.rig import Rig, kept, said

ANSWERS = ("result", "result", "no-record", "not-controlled", "returned")
steps = st.lists(
    st.one_of(
        st.tuples(st.just("state"), st.sampled_from(["open", "performed", "bankrupt", "resumed"])),
        st.tuples(st.just("impose"), st.sampled_from(["freeze", "watch"])),
        st.tuples(st.just("end"), st.integers(0, 1)),
        st.tuples(st.just("answer"), st.tuples(st.integers(0, 1), st.sampled_from(ANSWERS))),
        st.tuples(st.just("wait"), st.sampled_from([60, 3 * 86400])),
    ),
    max_size=20,
)  # fmt: skip


class Play:
    """A case, what was imposed in it, and the tasks that no partner has answered yet."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.version = rig, 1
        self.imposed: list[tuple[str, str]] = []
        self.tasks: list[Any] = []
        self.status, self.closing = "open", 0
        self.certificates: list[int] = []

    def step(self, what: str, how: Any) -> list[Any]:
        rig = self.rig
        if what == "state":
            self.version += 1
            self.closing += how in LIFTS and self.status not in LIFTS
            self.status = how
            out = rig.register_case(version=self.version, status=how)
        elif what == "wait":
            rig.advance(how)
            out = rig.fire()
        elif what == "answer":
            index, kind = how
            out = rig.feed([rig.reply(self.tasks.pop(index), kind)]) if index < len(self.tasks) else []
        else:
            action, original = (how, None) if what == "impose" else self._ending(how)
            data = control(action) if action in ("freeze", "release") else locate(action)
            request_id, record = rig.request(data if original is None else data | {"original": original})
            out = rig.feed([record])
            if what == "impose":
                self.imposed.append((action, request_id))
        heard = said(out)
        self.tasks += [each for each in heard if each.type.endswith(".task.v1")]
        return heard

    def _ending(self, index: int) -> tuple[str, str | None]:
        action, original = self.imposed[index] if index < len(self.imposed) else ("freeze", None)
        return {"freeze": "release", "watch": "withdraw"}[action], original

    def judge(self, heard: list[Any]) -> None:
        """Whether the hub was right to certify, or not to, when it said this."""
        count = sum(each.type == "liandong.case.lift-certificate.v1" for each in heard)
        closed = [case for case in kept(self.rig, CaseState) if case.court == "court-9901" and case.status in LIFTS]
        every: list[Binding] = [*kept(self.rig, MeasureState), *kept(self.rig, WatchState)]
        lifts = [lift for lift in kept(self.rig, LiftState) if lift.status in ("open", "certified")]
        done = all_ended(every)
        if count:
            assert closed, "the case is open"
            assert done, "something stands"
            assert (count, self.closing in self.certificates) == (1, False), "once per closing"
            self.certificates.append(self.closing)
        if closed and done:
            assert [lift.status for lift in lifts] == ["certified"], "nothing keeps it back"

    def finish(self, close: Literal["first", "last"]) -> None:
        """The case is performed, every partner answers, and the court releases all that it can, before or after that."""
        if close == "first":
            self.judge(self.step("state", "performed"))
        for what, hows in (("answer", self.tasks), ("end", self.imposed), ("answer", self.tasks)):
            for index in range(len(hows)):
                self.judge(self.step(what, index if what == "end" else (0, "result")))
        if close == "last":
            self.judge(self.step("state", "performed"))


OPENINGS: list[list[str]] = [[], ["performed"], ["performed", "resumed"]]


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(OPENINGS), steps, st.sampled_from(["first", "last"]))
def test_a_certificate_comes_when_and_only_when_a_closed_case_has_nothing_standing(
    opening: list[str], history: list[tuple[str, Any]], close: Literal["first", "last"]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder))
        try:
            play = Play(rig)
            for what, how in [("impose", "freeze"), ("impose", "watch"), ("answer", (0, "result")), ("answer", (0, "result")),
                              *(("state", status) for status in opening), *history]:
                play.judge(play.step(what, how))
            play.finish(close)
            assert play.certificates, "nothing stands any more, and that is certified"
        finally:
            rig.close()
