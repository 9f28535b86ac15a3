"""The bulletin as a page that stands alone (no script, nothing fetched), and as Markdown."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from hub.bulletins.edition import Edition

_MARKDOWN = str.maketrans({"|": "\\|", "\n": " ", "<": "&lt;", "*": "\\*", "_": "\\_", "`": "\\`", "[": "\\[", "]": "\\]"})


@cache
def _page() -> Template:
    loader = PackageLoader("hub.bulletins")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                       lstrip_blocks=True).get_template("bulletin.html")  # fmt: skip


def to_html(edition: Edition) -> str:
    """A page for screen and paper."""
    return _page().render(edition=edition)


def to_markdown(edition: Edition) -> str:
    """The same tables as text."""
    bulletin, log = edition.bulletin, edition.log
    lines = [
        f"# {edition.title}", "",
        f"- {edition.say('period')}: {edition.span}",
        f"- {edition.say('as-of')}: {edition.as_of}",
        f"- {edition.say('log')}: `{log.origin}`, {log.size} {edition.say('entries')}",
        f"- {edition.say('root')}: `{log.root}`", "",
    ]  # fmt: skip
    for section in bulletin.sections:
        lines += [f"## {edition.heading(section)}", ""]
        if not section.rows:
            lines += [edition.say("none"), ""]
            continue
        heads = [head.translate(_MARKDOWN) for head in edition.columns(section)]
        lines += [_line(heads), _line(["---"] * len(section.labels) + ["---:"] * (len(heads) - len(section.labels)))]
        for row in section.rows:
            labels = [text.translate(_MARKDOWN) for text in edition.labels(section, row)]
            figures = [f"{edition.shown(each)} {edition.trace(each)}".rstrip().translate(_MARKDOWN) for each in row.figures]
            lines.append(_line([f"**{text}**" if text and edition.is_total(row) else text for text in labels] + figures))
        lines.append("")
    return "\n".join([*lines, *(f"> {note.translate(_MARKDOWN)}  " for note in edition.notes), ""])


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
