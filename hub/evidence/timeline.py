"""One request's course in plain language, Chinese and English side by side. Personal data are masked."""

from collections.abc import Callable, Iterator, Mapping

from hub.console.formats import duration, iso
from hub.console.views import Clock, Fact, Hop, Timeline
from hub.console.words import LANGUAGES, code_words, term, word
from hub.rules.collect import Outages
from hub.trust.parties import Party


class _Words:
    """The words of both languages, `中文 / English`, or once where they are the same."""

    def __init__(self, parties: Mapping[str, Party]) -> None:
        self._parties = parties

    def both(self, say: Callable[[str], str]) -> str:
        return " / ".join(dict.fromkeys(map(say, LANGUAGES)))

    def word(self, key: str) -> str:
        return self.both(lambda language: word(language, key))

    def term(self, *keys: str, group: str = "") -> str:
        return self.both(lambda language: " · ".join(term(language, key, group) for key in keys))

    def party(self, party_id: str) -> str:
        return self.both(lambda language: self._party(language, party_id))

    def fact(self, fact: Fact) -> str:
        def say(language: str) -> str:
            return ("、" if language == "zh" else ", ").join(self._value(language, fact.form, value) for value in fact.values)

        return f"{self.word(fact.label)}: {self.both(say)}"

    def _party(self, language: str, party_id: str) -> str:
        party = self._parties.get(party_id)
        return party_id if party is None else party.name_zh if language == "zh" else party.name_en

    def _value(self, language: str, form: str, value: str) -> str:
        match form:
            case "term":
                return term(language, value)
            case "party":
                return self._party(language, value)
            case "code":
                return f"{value} ({code_words(language, value)})"
            case "count":
                name, _, count = value.partition("*")
                return f"{term(language, name, 'outcome')} × {count}"
            case _:
                return value


def write_timeline(timeline: Timeline, parties: Mapping[str, Party], numbers: Mapping[str, str]) -> str:
    """The text of `timeline.txt`. `numbers` gives the number in the bundle of a message, by `source/id`."""
    return "\n".join(_lines(timeline, _Words(parties), numbers)) + "\n"


def _lines(view: Timeline, words: _Words, numbers: Mapping[str, str]) -> Iterator[str]:
    line = view.line
    yield "执行联动中心 证据包经过 / Liandong Hub evidence bundle, timeline"
    yield "个人信息已遮蔽;时间均为东八区 / Personal data are masked; all times are +08:00"
    yield ""
    yield f"{words.word('request')}: {line.request_id}"
    yield f"{words.word('court')}: {words.party(line.court)} ({line.court})"
    yield words.term(line.kind, line.action)
    yield f"{words.word('status')}: {words.term(line.status, *((line.outcome,) if line.outcome else ()))}"
    yield f"{words.word('received-at')}: {iso(line.received_at)}"
    yield f"{words.word('expires')}: {iso(view.expires_at)}"
    yield from (words.fact(fact) for fact in view.subject)
    if view.original is not None:
        yield f"{words.word('waits-for')}: {view.original[1]}"
    if view.conclusion_id is not None:
        yield f"{words.word('conclusion-id')}: {view.conclusion_id}"
    yield from _section(words.word("partners"), (
        f"{words.party(task.partner)} ({task.partner}): {words.term(task.state, group='outcome')}; "
        f"{words.word('agreement')}: {task.agreement}" for task in view.tasks
    ))  # fmt: skip
    yield from _section(words.word("clocks"), (line for clock in view.clocks for line in _clock(clock, view.now, words)))
    yield ""
    yield words.word("timeline")
    for at, step in enumerate(view.steps, 1):
        yield f"{at:>3}. {iso(step.at)}  {words.term(step.kind)}  [{_where(step.log_index, words)}]"
        yield from (f"       {words.fact(fact)}" for fact in step.facts)
        for hop in step.hops:
            yield from _hop(hop, words, numbers)
    if view.cut:
        yield "  …"


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    shown = list(lines)
    if shown:
        yield from ("", title, *(f"  {line}" for line in shown))


def _where(log_index: int | None, words: _Words) -> str:
    return words.word("not-sequenced") if log_index is None else f"{words.word('log-index')} {log_index}"


def _clock(clock: Clock, now: int, words: _Words) -> Iterator[str]:
    slack = clock.slack(now)
    verdict = "missed-by" if slack < 0 else "kept-by" if clock.done_at is not None else "left"
    came = "—" if clock.done_at is None else iso(clock.done_at)
    yield (f"{clock.partner} {words.term(clock.awaited)}: {words.word('started')} {iso(clock.started_at)}; "
            f"{words.word('due')} {iso(clock.due_at)}; {words.word('came')} {came}; "
            f"{words.both(lambda language: word(language, verdict).format(duration(slack, language)))}")  # fmt: skip
    if clock.registered is not None:
        yield f"  {words.word('maintenance-within')} [{_where(clock.registered.log_index, words)}]: {_times(clock.maintenance)}"
    if clock.outages:
        yield f"  {words.word('outage-within')}: {_times(clock.outages)}"


def _times(times: Outages) -> str:
    return "; ".join(f"{iso(begin)} – {iso(until)}" for begin, until in times)


def _hop(hop: Hop, words: _Words, numbers: Mapping[str, str]) -> Iterator[str]:
    number = numbers.get(f"{hop.source}/{hop.message_id}", "-")
    verdict = words.word("valid") if hop.verdict.code is None else words.both(lambda language: code_words(language, str(hop.verdict.code)))
    yield (f"       {number}  {hop.source} → {hop.recipient}  {words.term(hop.event, group='event')}; "
           f"{words.word('signature')}: {verdict} ({hop.verdict.kid or '—'})")  # fmt: skip
    times = [("signed", hop.signed_at), ("at-broker", hop.broker_at), ("published", hop.published_at)]
    yield "            " + "; ".join(f"{words.word(label)} {iso(at)}" for label, at in times if at is not None)
    yield from (f"            {words.fact(fact)}" for fact in hop.facts)
