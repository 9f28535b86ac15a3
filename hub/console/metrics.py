"""Metrics for Prometheus, made from the store at scrape time, so that they survive a restart of the hub.

One prefix, base units, no case, person or correlation id as a label. A scrape costs what is new and what is open; only
the first after a start reads the whole store (`hub.console.tally`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import DBAPIError

from hub.console.reader import Reader
from hub.console.views import Overview, PartnerLine

_SECOND = 1_000_000


def build_registry(reader: Reader, health: Callable[[], Mapping[str, bool]]) -> CollectorRegistry:
    """A registry of its own, without the process-wide defaults of the library. `health` is what /readyz tells, by name."""
    registry = CollectorRegistry()
    registry.register(HubCollector(reader, health))
    return registry


class HubCollector(Collector):
    """Reads the overview and turns it into metric families; called on the reader's thread."""

    def __init__(self, reader: Reader, health: Callable[[], Mapping[str, bool]]) -> None:
        self._reader = reader
        self._health = health

    def describe(self) -> Iterable[Metric]:
        """Names are unique here by construction; registering must not read the store."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every family, of one consistent view; of a store that cannot be read, that alone."""
        ready = GaugeMetricFamily("liandong_ready", "1 where what the hub needs is there.", labels=["check"])
        for name, good in self._health().items():
            ready.add_metric([name], good)
        yield ready
        try:
            view = self._reader.overview()
        except DBAPIError:
            return
        yield from _bus(view)
        yield from _requests(view)
        yield from _partners(view.partners)
        yield from _log(view)


def _bus(view: Overview) -> Iterator[Metric]:
    records = CounterMetricFamily("liandong_records_read", "Records read from a topic.", labels=["topic"])
    messages = CounterMetricFamily("liandong_messages_made", "Messages made for a topic.", labels=["topic"])
    pending = GaugeMetricFamily("liandong_outbox_pending", "Messages made and not yet published.", labels=["topic"])
    for line in view.topics:
        (records if line.direction == "in" else messages).add_metric([line.topic], line.records)
        if line.direction == "out":
            pending.add_metric([line.topic], line.pending)
    dead = CounterMetricFamily("liandong_dead_letters", "Records set aside for a person.", labels=["code"])
    for code, count in view.dead_letters.items():
        dead.add_metric([code], count)
    yield from (records, messages, pending, dead)


def _requests(view: Overview) -> Iterator[Metric]:
    decided = CounterMetricFamily("liandong_requests", "Requests decided on.", labels=["kind", "decision"])
    current = GaugeMetricFamily(
        "liandong_requests_current", "Requests without a conclusion.", labels=["kind", "status"]
    )
    ended = CounterMetricFamily("liandong_conclusions", "Requests concluded.", labels=["kind", "outcome"])
    for line in view.kinds:
        decided.add_metric([line.kind, "accepted"], line.total - line.refused)
        decided.add_metric([line.kind, "refused"], line.refused)
        current.add_metric([line.kind, "waiting"], line.waiting)
        current.add_metric([line.kind, "open"], line.open)
        ended.add_metric([line.kind, "complete"], line.complete)
        ended.add_metric([line.kind, "incomplete"], line.incomplete)
    yield from (decided, current, ended)


def _partners(lines: Iterable[PartnerLine]) -> Iterator[Metric]:
    by = ["partner"]
    asked = CounterMetricFamily("liandong_tasks", "Tasks made for a partner.", labels=by)
    received = CounterMetricFamily("liandong_receipts", "Receipts from a partner.", labels=by)
    outcomes = CounterMetricFamily("liandong_task_outcomes", "How tasks ended.", labels=["partner", "outcome"])
    late = CounterMetricFamily("liandong_late_replies", "Replies after silence was recorded.", labels=by)
    hits = CounterMetricFamily("liandong_watch_hits", "Hits of watches and road controls.", labels=by)
    waiting = GaugeMetricFamily("liandong_tasks_awaited", "Tasks without an answer yet.", labels=by)
    due = GaugeMetricFamily("liandong_task_next_deadline_timestamp_seconds", "The first deadline to pass.", labels=by)
    took = SummaryMetricFamily("liandong_answer_seconds", "From the making of a task to its reply.", labels=by)
    seen = GaugeMetricFamily("liandong_partner_last_seen_timestamp_seconds", "Last message.", labels=by)
    for line in lines:
        name = [line.party.id]
        asked.add_metric(name, line.asked)
        received.add_metric(name, line.received)
        for outcome, count in line.outcomes.items():
            outcomes.add_metric([*name, outcome], count)
        outcomes.add_metric([*name, "no-response"], line.silent)
        late.add_metric(name, line.late)
        hits.add_metric(name, line.hits)
        waiting.add_metric(name, line.waiting)
        took.add_metric(name, line.answers, line.answer_time / _SECOND)
        if line.oldest_due is not None:
            due.add_metric(name, line.oldest_due / _SECOND)
        if line.last_seen is not None:
            seen.add_metric(name, line.last_seen / _SECOND)
    yield from (asked, received, outcomes, late, hits, waiting, due, took, seen)


def _log(view: Overview) -> Iterator[Metric]:
    yield GaugeMetricFamily("liandong_log_entries", "Entries in the audit log.", view.log.size)
    yield GaugeMetricFamily("liandong_log_unsequenced", "Entries not in the log yet.", view.log.unsequenced)
    if view.log.checkpoint_at is not None:
        at = view.log.checkpoint_at / _SECOND
        yield GaugeMetricFamily("liandong_checkpoint_timestamp_seconds", "When the last checkpoint was signed.", at)
