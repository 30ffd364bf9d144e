"""How often something may happen."""

from comethooks.webhooks.interactions.rates import Rate


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_key_may_come_so_often_in_a_minute() -> None:
    """The wait is until the next minute begins."""
    clock = Clock()
    rate = Rate(2, clock)
    assert [rate.wait("a"), rate.wait("a"), rate.wait("a")] == [0.0, 0.0, 60.0]
    clock.now += 45
    assert (rate.wait("a"), rate.wait("b")) == (15.0, 0.0)
    clock.now += 15
    assert rate.wait("a") == 0.0


def test_what_is_counted_at_once_is_bounded() -> None:
    """What does not fit is let through; those that are counted still are."""
    rate = Rate(1, Clock(), most_keys=3)
    assert [rate.wait(key) for key in ("a", "b", "c", "d", "d", "d")] == [0.0] * 6
    assert rate.wait("a") > 0
