"""The measurement of catching up hands on everything that it counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import siem as bench_siem
from bench.siem import Stuck, siem
from gateway.siem import stream


def test_every_event_that_is_counted_was_confirmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    confirmed: list[int] = []
    took = stream.receivers.took

    def counting(conn, held, cursors, now) -> None:
        moved = list(cursors)
        confirmed.extend(cursor.taken for cursor in moved)
        took(conn, held, moved, now)

    monkeypatch.setattr(stream.receivers, "took", counting)
    caught = siem(300, tmp_path)
    assert (caught.events, confirmed[-1]) == (300, 300)
    assert caught.seconds > 0
    assert list(tmp_path.iterdir()) == []


def test_a_receiver_that_does_not_take_them_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bench_siem.Stream, "turn", lambda *_: 1.0)
    with pytest.raises(Stuck):
        siem(1, tmp_path)
