"""Times and durations as people read them, and the tone of a state. Pure."""

from datetime import datetime
from typing import Literal

from schemas.base import format_time, from_micros

Tone = Literal["ok", "none", "warn", "bad", "wait"]

_SECOND = 1_000_000
_UNITS = {"zh": ("秒", "分", "小时", "天"), "en": ("s", "min", "h", "d")}
_TONES: dict[str, Tone] = {
    "result": "ok", "complete": "ok", "concluded": "ok", "no-record": "none", "not-sent": "none",
    "partial": "warn", "returned": "warn", "refused": "warn", "not-controlled": "warn", "incomplete": "warn",
    "no-response": "bad",
    "dead": "bad", "done": "ok", "discarded": "none",
}  # fmt: skip
GLYPHS: dict[Tone, str] = {"ok": "✓", "none": "○", "warn": "!", "bad": "✕", "wait": "…"}
"""Beside each colour a sign and a word: a state is never told by colour alone."""


def tone(state: str) -> Tone:
    """How a status or outcome is marked; whatever is not settled is awaited."""
    return _TONES.get(state, "wait")


def iso(at: int) -> str:
    """The full time, for machines and for pointing at."""
    return format_time(from_micros(at))


def clock_time(at: int, now: int, *, fine: bool = False) -> str:
    """Hours to seconds (`fine`: milliseconds) in the zone +08:00, with the date unless it is today's."""
    moment = from_micros(at)
    shown = moment.isoformat(sep=" ", timespec="milliseconds" if fine else "seconds")[: 23 if fine else 19]
    return shown[11:] if _same_day(moment, from_micros(now)) else shown


def _same_day(one: datetime, other: datetime) -> bool:
    return one.date() == other.date()


def duration(micros: int, language: str) -> str:
    """The size of a duration in at most two units; below ten seconds to the hundredth."""
    second, minute, hour, day = _UNITS[language]
    length = abs(micros)
    if length < 10 * _SECOND:
        return f"{length / _SECOND:.2f} {second}"
    seconds = length // _SECOND
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 60:
        return f"{seconds} {second}"
    if minutes < 60:
        return f"{minutes} {minute} {seconds % 60} {second}"
    if hours < 24:
        return f"{hours} {hour} {minutes % 60} {minute}"
    return f"{days} {day} {hours % 24} {hour}"
