"""Celery settings, one place, read by both Celery apps."""
