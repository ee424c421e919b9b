"""Which statements of a piece of work are slow, and how the database goes about them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from prospector.store import Store

SLOW = 1.0
"""Milliseconds from which on a statement is shown."""
Ran = tuple[float, str, Any]


def statements(store: Store, work: Callable[[], object]) -> list[Ran]:
    """Each statement that the work ran: milliseconds until the database answered, text, parameters."""
    ran: list[Ran] = []

    def before(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        context.began = time.perf_counter()

    def after(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        ran.append(((time.perf_counter() - context.began) * 1000, statement, parameters))

    event.listen(store.engine, "before_cursor_execute", before)
    event.listen(store.engine, "after_cursor_execute", after)
    try:
        work()
    finally:
        event.remove(store.engine, "before_cursor_execute", before)
        event.remove(store.engine, "after_cursor_execute", after)
    return ran


def explain_slow(store: Store, work: Callable[[], object]) -> None:
    """Print to stderr how many statements there were, and the plans of the slow ones."""
    work()  # the first run compiles and reads; it would blame what is not slow
    ran = statements(store, work)
    print(f"{len(ran)} statements, {sum(taken for taken, _, _ in ran):.2f} ms", file=sys.stderr)
    begin = "EXPLAIN QUERY PLAN " if store.sqlite else "EXPLAIN (ANALYZE, BUFFERS) "
    for taken, statement, parameters in ran:
        if taken < SLOW or not statement.startswith("SELECT"):
            continue
        print(f"\n{taken:.2f} ms: {statement}\n{parameters!r}", file=sys.stderr)
        with store.engine.connect() as connection:
            for row in connection.exec_driver_sql(begin + statement, parameters):
                print("   ", row[-1], file=sys.stderr)
