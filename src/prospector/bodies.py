"""Reading a body that may be made to exhaust us: compressed, endless, or not what it says."""

from __future__ import annotations

import zlib

from prospector.sdk import Broken

WIRE_CAP = 10 * 2**20
DECODED_CAP = 20 * 2**20
"""Bytes of a body as it comes over the wire, and after decompression."""

ACCEPT_ENCODING = "gzip, deflate"
_GZIP_MAGIC = b"\x1f\x8b"
_MOST_MEMBERS = 1000
_PIECE = 2**18


class Body:
    """Collects the chunks of one body and counts while it decodes. Raises `Broken` beyond a cap.

    `encoding` is the answer's Content-Encoding; more than one at a time is refused, for that is
    how small bodies are made to unfold into huge ones.
    """

    def __init__(self, encoding: str = "", wire_cap: int = WIRE_CAP, decoded_cap: int = DECODED_CAP) -> None:
        self._left_on_wire = wire_cap
        self._left = decoded_cap
        self._chunks: list[bytes] = []
        self._encoding = encoding.strip().lower()
        if self._encoding == "identity":
            self._encoding = ""
        if self._encoding not in ("", "gzip", "x-gzip", "deflate"):
            raise Broken(f"The answer is encoded as {encoding[:40]!r}, which was not asked for.")
        self._inflater: zlib._Decompress | None = None
        self._members = 0

    def feed(self, chunk: bytes) -> None:
        self._left_on_wire -= len(chunk)
        if self._left_on_wire < 0:
            raise Broken("The answer is larger than 10 MB, which no profile's page should be.")
        if self._encoding:
            self._inflate(chunk)
        else:
            self._keep(chunk)

    def whole(self) -> bytes:
        """The decoded body, once all was fed."""
        if self._inflater is not None and not self._inflater.eof:
            raise Broken("The answer's compressed body ends before its end.")
        return self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)

    def _keep(self, chunk: bytes) -> None:
        self._left -= len(chunk)
        if self._left < 0:
            raise Broken("The answer unfolds to more than 20 MB, which no profile's page should do.")
        if chunk:
            self._chunks.append(chunk)

    def _inflate(self, chunk: bytes) -> None:
        pending = False
        try:
            while chunk or pending:
                chunk, pending = self._inflate_some(chunk)
        except zlib.error as error:
            raise Broken(f"The answer's compressed body is damaged: {error}.") from error

    def _inflate_some(self, chunk: bytes) -> tuple[bytes, bool]:
        """Decode one piece; returns what is left of `chunk`, and whether zlib may hold more output."""
        if self._inflater is None or self._inflater.eof:
            if self._inflater is not None and not chunk.startswith(_GZIP_MAGIC[: len(chunk)]):
                return b"", False  # padding after the last member, which readers ignore (RFC 1952)
            self._inflater = self._next_member(chunk)
        piece = self._inflater.decompress(chunk, _PIECE)
        self._keep(piece)
        if self._inflater.eof:
            return self._inflater.unused_data, False
        return self._inflater.unconsumed_tail, len(piece) == _PIECE

    def _next_member(self, chunk: bytes) -> zlib._Decompress:
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise Broken("The answer's compressed body is made of far too many parts.")
        return zlib.decompressobj(self._window_bits(chunk))

    def _window_bits(self, start: bytes) -> int:
        """gzip; or zlib (RFC 9110's "deflate"); or the bare deflate that some servers mean by it."""
        if self._encoding != "deflate":
            return zlib.MAX_WBITS | 16
        return zlib.MAX_WBITS if start[0] & 0x0F == 8 else -zlib.MAX_WBITS
