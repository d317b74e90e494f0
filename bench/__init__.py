"""Measurements that a release is judged by; never part of pass or fail."""
