"""Celery settings, one place, read by both Celery apps.

The jobs table is the truth (law 5), so Celery is asked for little: carry an id to a process that is free. A
message may be lost, late or doubled; a claim decides. Hence no results, no ETA, no remote control, no events.
"""

from __future__ import annotations

import os
import sys

from gateway.custody import broker
from gateway.custody.errors import CustodyError
from gateway.settings import SettingRefused, Settings

TASK_SECONDS = 60
"""No task runs longer. The message of a task that does is visible to others only after this."""

try:
    broker_url = broker.url(Settings.from_environ(os.environ).storage)
except (CustodyError, SettingRefused) as error:
    # Celery would show where in itself it was.
    sys.exit(f"careloom: {error}")
broker_connection_timeout = 4
broker_connection_retry = True
broker_connection_retry_on_startup = True
# For ever: a broker that is away delays work and must not end a worker.
broker_connection_max_retries = None
broker_transport_options = {
    # Above the time limit, so that a running task's message is not given to a second worker.
    "visibility_timeout": 2 * TASK_SECONDS,
    # A sweep for abandoned messages each 7 s (10 s and each tenth time would be every 100 s).
    "unacked_restore_interval": 7,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "global_keyprefix": "careloom:",
}

task_serializer = "json"
accept_content = ["json"]
task_ignore_result = True
task_store_errors_even_if_ignored = False
task_acks_late = True
# The message comes back at once; the jobs table counts the attempts and ends a job that kills its workers.
task_reject_on_worker_lost = True
task_acks_on_failure = True
task_acks_on_timeout = True
task_time_limit = TASK_SECONDS
task_soft_time_limit = TASK_SECONDS - 10
task_default_queue = "careloom.plan"
task_routes = {"careloom.plan": {"queue": "careloom.plan"}, "careloom.push": {"queue": "careloom.push"}}
# The relay sends again by itself, and says so.
task_publish_retry = False
task_send_sent_event = False

worker_prefetch_multiplier = 1
worker_enable_remote_control = False
worker_send_task_events = False
worker_hijack_root_logger = False
worker_redirect_stdouts = False
# A child loads its tables before it says that it lives.
worker_proc_alive_timeout = 60
worker_soft_shutdown_timeout = 4
# A job goes on when the broker goes: its result is in the database and a second delivery finds it claimed.
worker_cancel_long_running_tasks_on_connection_loss = False
worker_max_memory_per_child = 600_000
