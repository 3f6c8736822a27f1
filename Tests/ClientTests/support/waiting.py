# SPDX-License-Identifier: Apache-2.0
"""Waiting for facts instead of sleeping for luck."""
import time


def until(condition, what, timeout=10.0, every=0.01):
    """Calls `condition` until it returns something true and gives that back; says `what` was awaited when it never came (a text, or what
    gives it then)."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout:g} s: {what() if callable(what) else what}")
        time.sleep(every)
