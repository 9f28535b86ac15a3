"""Every code of errors and case events with its words, for those who read answers by program."""

from schemas.codes import EVENTS, INTAKE, REFUSAL


def error_codes() -> list[dict[str, str]]:
    """One object per code, in order: `code`, `zh`, `en`, `class`, and the event that carries it to its sender."""
    return [
        {"code": code, "event": event, "class": words.error_class, "zh": words.zh, "en": words.en}
        for event, codes in (("rejection", INTAKE), ("refusal", REFUSAL), ("event", EVENTS))
        for code, words in sorted(codes.items())
    ]
