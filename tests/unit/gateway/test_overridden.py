"""What operators are shown of the counts: hospitals by name, sums for Prometheus, and nobody's data."""

from __future__ import annotations

from gateway.custody.deciding import Rate
from gateway.custody.ids import Tenant
from gateway.overridden import lines

RATES = [
    Rate(Tenant(3), "statin", "1.0.0", {"declined": 3, "accepted": 1}),
    Rate(Tenant(4), "statin", "1.0.0", {"declined": 2, "open": 7}),
]


def test_the_counts_of_all_hospitals_are_summed() -> None:
    told = list(lines(RATES))
    assert told[1] == "# TYPE careloom_rule_proposals gauge"
    assert 'careloom_rule_proposals{rule="statin",version="1.0.0",outcome="declined"} 5' in told
    assert 'careloom_rule_proposals{rule="statin",version="1.0.0",outcome="open"} 7' in told
    assert len(told) == 2 + 4


def test_nothing_counted_is_a_metric_without_series() -> None:
    assert len(list(lines([]))) == 2
