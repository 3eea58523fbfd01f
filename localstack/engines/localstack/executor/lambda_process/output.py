"""Collects the output of a process while it runs, so that it never waits for a reader."""

from __future__ import annotations

import os
import selectors
import threading

CHUNK_BYTES = 1 << 16


class Output:
    """Owns the reading end of a pipe, and closes it at the end of the output."""

    def __init__(self, pipe: int) -> None:
        os.set_blocking(pipe, False)
        self._pipe = pipe
        self._chunks: list[bytes] = []
        self._lock = threading.Lock()
        self._ended = False
        threading.Thread(target=self._collect, name="lambda-output", daemon=True).start()

    def take(self) -> str:
        """All output since the last call, including that which is still in the pipe."""
        with self._lock:
            self._read()
            text = b"".join(self._chunks).decode(errors="replace")
            self._chunks.clear()
        return text

    def _collect(self) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._pipe, selectors.EVENT_READ)
            while not self._ended:
                waiting.select()
                with self._lock:
                    self._read()
        with self._lock:
            os.close(self._pipe)

    def _read(self) -> None:
        while not self._ended:
            try:
                chunk = os.read(self._pipe, CHUNK_BYTES)
            except BlockingIOError:
                return
            self._chunks.append(chunk)
            self._ended = not chunk
