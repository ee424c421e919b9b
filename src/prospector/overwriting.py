"""After an erasure: what SQLite's files still hold of the deleted rows is written over.

`PRAGMA secure_delete` (the store sets it) puts zeros where a row was. But the write-ahead log keeps the
old pages until it is taken over into the file (sqlite.org/wal.html, "Checkpointing"), and only a log that
is cut to nothing holds none of them.
"""

from __future__ import annotations

from prospector.store import Store


def overwrite(store: Store) -> bool:
    """Take the write-ahead log over and empty it; False where somebody read at that moment, so that it
    is left to the next time. PostgreSQL has VACUUM of its own."""
    if not store.sqlite:
        return True
    connection = store.engine.raw_connection()
    try:
        (busy, _, _) = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.close()
    return not busy
