"""Figures as people read them: a table of buckets or of metrics, with a chart beside it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from comethooks.cli.analytics.periods import Period, written
from comethooks.cli.terminal import charts
from comethooks.cli.terminal.fitting import GAP
from comethooks.cli.terminal.output import Cell, Column, console, hint, print_table, text_of
from comethooks.workers.analytics.metrics import QUANTILE, Metric
from comethooks.workers.analytics.sizes import SUMMED
from comethooks.workers.journal import Figure, iso
from comethooks.workers.texts import cut, number_of, plain

PIPED_WIDTH = 80
"""Columns that no chart goes beyond where there is no terminal."""
_NARROWEST_CHART = 8
_WIDEST_CHART = 60
_MOST_PARTS = 6
"""Columns for what figures are told apart by."""
_LONGEST_PART = 24
_DRAWN = "0.9"
"""The quantile that a chart is of."""
_NO_APP = "(no app)"

Values = Mapping[int, float]
"""By the beginning of the bucket, in milliseconds."""


def print_buckets(metric: Metric, found: Sequence[Figure], period: Period) -> None:
    """A line for each bucket, from the first in which there is something, with a bar for it."""
    parts, drawn = _parts(metric, found), _drawn(metric, found)
    starts = [start for start in period.starts() if start >= min(drawn)]
    shown = list(parts)[:_MOST_PARTS]
    columns, rows = _lines(metric, {part: parts[part] for part in shown}, drawn, period, starts)
    while len(shown) > 1 and not _room(columns, rows):
        shown.pop()  # the chart says more than the least of them
        columns, rows = _lines(metric, {part: parts[part] for part in shown}, drawn, period, starts)
    most, width, blocks = max(drawn.values()), _room(columns, rows), charts.has_blocks()
    bars = (charts.bar(drawn.get(start, 0), most, width, blocks=blocks) for start in starts)
    _print(columns, rows, bars)
    if left_out := len(parts) - len(shown):
        hint(f"Not shown: {number_of(left_out, 'more value')}; --json has all.")


def _lines(
    metric: Metric,
    parts: Mapping[str, Values],
    drawn: Values,
    period: Period,
    starts: Sequence[int],
) -> tuple[list[Column], list[list[Cell]]]:
    """The columns of a table of buckets and its rows, but for the bars."""
    columns = [
        Column(period.size.upper()),
        *(Column(cut(plain(part), _LONGEST_PART)) for part in parts),
    ]
    values = list(parts.values())
    if metric.adds_up or not parts:
        columns.append(Column(metric.unit.upper()))
        values.append(drawn)
    # Nothing of what is added up is 0; nothing of what was measured is nothing.
    none = "" if metric.is_distribution else "0"
    rows: list[list[Cell]] = [
        [
            written(period.size, iso(start)),
            *(number(each[start]) if start in each else none for each in values),
        ]
        for start in starts
    ]
    return columns, rows


def print_metrics(found: Mapping[Metric, Sequence[Figure]], period: Period) -> None:
    """A line for each metric: what it came to, the most in a bucket, and how it went."""
    starts = list(period.starts())
    drawn = {metric: _drawn(metric, figures) for metric, figures in found.items()}
    columns = [Column("METRIC"), Column("TOTAL"), Column(f"MOST BY {period.size.upper()}", spare=1)]
    rows: list[list[Cell]] = [
        [_called(metric), _total(metric, values), number(max(values.values()))]
        for metric, values in drawn.items()
    ]
    width, blocks = _room(columns, rows), charts.has_blocks()
    lines = (
        charts.line(charts.joined([values.get(start, 0) for start in starts], width), blocks=blocks)
        for values in drawn.values()
    )
    _print(columns, rows, lines)


def number(value: float) -> str:
    """A value for people: of what is no whole number the three digits that say most."""
    if value == int(value):
        return str(int(value))
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _print(columns: Sequence[Column], rows: Iterable[list[Cell]], chart: Iterable[str]) -> None:
    lines = [[*row, drawn] for row, drawn in zip(rows, chart, strict=True)]
    print_table([*columns, Column("")], lines)


def _room(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> int:
    """How wide a chart may be beside these columns; 0 where there is too little room for one."""
    out = console()
    width = out.width if out.is_terminal else PIPED_WIDTH
    cells = zip(*([text_of(cell) for cell in row] for row in rows), strict=True)
    for column, below in zip(columns, cells, strict=True):
        width -= column.need([column.cut(cell) for cell in below]).whole + GAP
    return min(width, _WIDEST_CHART) if width >= _NARROWEST_CHART else 0


def _parts(metric: Metric, found: Iterable[Figure]) -> dict[str, Values]:
    """The values of each part that figures are told apart into, the largest first; quantiles by
    their names. None where they are not told apart.
    """
    parts: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for figure in found:
        if part := _part(figure):
            parts[part][figure.bucket_ms] = figure.value
    if metric.is_distribution:
        return dict(sorted(parts.items()))
    return dict(sorted(parts.items(), key=lambda each: (-sum(each[1].values()), each[0])))


def _part(figure: Figure) -> str:
    app = () if figure.app_id is None else (figure.app_id or _NO_APP,)
    return " ".join((*app, *figure.labels.values()))


def _drawn(metric: Metric, found: Iterable[Figure]) -> dict[int, float]:
    """What a chart shows of each bucket: all parts together or, where they do not add up, the
    largest.
    """
    drawn: defaultdict[int, float] = defaultdict(float)
    for figure in found:
        if metric.adds_up:
            drawn[figure.bucket_ms] += figure.value
        elif figure.labels.get(QUANTILE, _DRAWN) == _DRAWN:
            drawn[figure.bucket_ms] = max(drawn[figure.bucket_ms], figure.value)
    return dict(drawn)


def _total(metric: Metric, values: Values) -> str:
    """What the buckets come to; nothing where each counts by itself."""
    adds_up = metric.sizes == SUMMED and metric.adds_up
    return number(sum(values.values())) if adds_up else ""


def _called(metric: Metric) -> str:
    name = f"{metric.name} ({_DRAWN})" if metric.is_distribution else metric.name
    return f"{name} *" if metric.partial else name
