"""Sampling unknown senders."""

from comethooks.webhooks.sampling import Sampler


def test_a_sampler_says_yes_once_in_an_interval() -> None:
    now = [100.0]
    sampler = Sampler(lambda: now[0])
    taken = []
    for now[0] in (100.0, 100.1, 109.9, 110.0, 110.1, 500.0, 509.0, 510.0):
        taken.append(sampler.take())
    assert taken == [True, False, False, True, False, True, False, True]
