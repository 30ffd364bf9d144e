"""What a benchmark prints, and what it makes of many measurements."""

from collections.abc import Sequence
from statistics import median, quantiles


class Report:
    """Prints each number with its target, and remembers whether one was missed."""

    missed = False

    def line(
        self,
        what: str,
        value: float,
        unit: str,
        *,
        least: float | None = None,
        most: float | None = None,
    ) -> None:
        """One measured number; `least` or `most` is its target."""
        fits = (least is None or value >= least) and (most is None or value <= most)
        self.missed = self.missed or not fits
        target = (
            f"at least {least:g}"
            if least is not None
            else f"at most {most:g}"
            if most is not None
            else "-"
        )
        print(
            f"{what:<58}{value:>12,.2f} {unit:<10} {target:<16} {'' if fits else 'MISSED'}",
            flush=True,
        )


def percentile(values: Sequence[float], percent: int) -> float:
    """What so many percent of the values stay below."""
    return quantiles(values, n=100)[percent - 1]


def in_terms_of(others: Sequence[float], ones: Sequence[float]) -> float:
    """The median of the ratios of `ones` to `others`, round by round: what disturbs one of a round
    disturbs the other.
    """
    return median(one / other for one, other in zip(ones, others, strict=True))
