"""What the kernel tells of this very process is plausible."""

from __future__ import annotations

import os
import subprocess
import sys

from bench.process import children, command, usage


def test_this_process_has_used_cpu_and_memory():
    used = usage(os.getpid())
    assert used.cpu_seconds > 0
    assert used.peak_bytes > 5_000_000


def test_cpu_time_grows_while_we_work():
    before = usage(os.getpid()).cpu_seconds
    while usage(os.getpid()).cpu_seconds < before + 0.02:
        sum(range(10_000))


def test_a_child_is_found_with_its_command():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)  # odd ) name"])
    try:
        assert child.pid in children(os.getpid())
        while "time.sleep" not in command(child.pid):
            assert child.poll() is None, "between fork and exec it still bears its parent's name"
        assert usage(child.pid).peak_bytes > 0
    finally:
        child.kill()
        child.wait()
    assert child.pid not in children(os.getpid())


def test_what_has_ended_has_no_command():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert command(child.pid) == ""
