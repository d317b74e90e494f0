"""Counts in a form that Prometheus reads."""

from __future__ import annotations

import re

from gateway import metrics as of_all
from gateway.board import Board
from gateway.fhir.routes import ROUTES
from gateway.metrics import Metrics

LINE = re.compile(r'[a-z_]+(\{[a-z]+="[^"]+"(,[a-z]+="[^"]+")*\})? [0-9.e+-]+')


def test_requests_are_counted_by_interaction_and_status():
    metrics = Metrics()
    for status in (200, 200, 404):
        metrics.count("read", status, 0.01)
    assert 'careloom_requests_total{interaction="read",status="200"} 2' in metrics.text()
    assert 'careloom_requests_total{interaction="read",status="404"} 1' in metrics.text()


def test_durations_fall_into_every_bucket_above_them():
    metrics = Metrics()
    for seconds in (0.001, 0.03, 7.0, 100.0):
        metrics.count("search-type", 200, seconds)
    told = metrics.text()
    buckets = re.findall(r'_bucket\{interaction="search-type",le="([^"]+)"\} (\d+)', told)
    assert buckets[0] == ("0.005", "1")
    assert ("0.05", "2") in buckets
    assert ("5.0", "2") in buckets
    assert ("10.0", "3") in buckets
    assert buckets[-1] == ("+Inf", "4")
    assert 'careloom_request_seconds_count{interaction="search-type"} 4' in told
    assert 'careloom_request_seconds_sum{interaction="search-type"} 107.031000' in told


def test_every_line_is_one_that_prometheus_reads():
    metrics = Metrics()
    metrics.count("read", 200, 0.2)
    metrics.count("create", 201, 0.004)
    lines = metrics.text().splitlines()
    assert lines
    assert [line for line in lines if not line.startswith("# ") and not LINE.fullmatch(line)] == []
    assert metrics.text().endswith("\n")


def test_nothing_counted_is_still_an_answer():
    assert "# TYPE careloom_requests_total counter" in Metrics().text()


def test_whichever_process_is_asked_answers_for_all():
    board = Board.alone()
    one, other = Metrics(board, 0), Metrics(board, 0)
    one.count("read", 200, 0.01)
    other.count("read", 200, 3.0)
    assert one.text() == other.text()
    assert 'careloom_requests_total{interaction="read",status="200"} 2' in one.text()
    assert 'careloom_request_seconds_count{interaction="read"} 2' in one.text()
    assert 'careloom_request_seconds_sum{interaction="read"} 3.010000' in one.text()


def test_restarts_are_counted_by_process_and_reason():
    board = Board.alone()
    for reason in ("hung", "ended", "ended"):
        of_all.restarted(board, 0, reason)
    told = Metrics(board).text()
    assert 'careloom_gateway_restarts_total{gateway="1",reason="ended"} 2' in told
    assert 'careloom_gateway_restarts_total{gateway="1",reason="hung"} 1' in told


def test_it_is_shown_who_serves_and_what_each_holds():
    board = Board.alone()
    board.gateways[0].serving = True
    board.gateways[0].connections = 3
    told = Metrics(board).text()
    assert 'careloom_gateway_serving{gateway="1"} 1' in told
    assert 'careloom_gateway_connections{gateway="1"} 3' in told


def test_there_is_room_for_every_interaction_with_every_status_and_every_duration():
    metrics = Metrics()
    for interaction in {route.interaction for route in ROUTES} | {"none"}:
        for status in range(200, 520, 8):
            metrics.count(interaction, status, 2.0 ** (status % 15) / 1000)
