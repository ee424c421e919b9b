"""A name server on loopback with the records that a test gives it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingUDPServer

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Records = Mapping[tuple[str, str], Sequence[str]]


@contextmanager
def serving(records: Records) -> Iterator[str]:
    """Its `address:port`, for as long as the `with` lasts; `records` are texts by name and type."""

    class Answer(BaseRequestHandler):
        def handle(self) -> None:
            data, socket = self.request
            asked = dns.message.from_wire(data)
            answer = dns.message.make_response(asked)
            answer.flags |= dns.flags.AA
            question = asked.question[0]
            name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
            if not any(known == name for known, _ in records):
                answer.set_rcode(dns.rcode.NXDOMAIN)
            elif (name, kind) in records:
                answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *records[name, kind]))
            socket.sendto(answer.to_wire(), self.client_address)

    with ThreadingUDPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(10)
