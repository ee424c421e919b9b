"""The only way out over HTTP: paced, guarded, capped, retried. The only place that knows httpx.

    request
      └ for at most 3 attempts (reads only: a broken connection, 502, 503 or 504 without a long wait)
          pace: reserve the account's next slot; wait if it is near, else `Later`
          └ for at most 5 redirects
              guard: scheme, literal host, no name and password in the URL
              turn: so many requests to one host at a time
              send, read the body within the caps        } 30 seconds for all hops of one attempt
      └ status → error (answers.verdict); transport error → error (dialling.failure)

A `Network` lives as long as the process's event loop; an `Http` is one account's view of it and
costs nothing to make.
"""

from prospector.http.client import DEADLINE, PATIENCE, Http, Reserve, at_once
from prospector.http.network import Handler, Network

__all__ = ["DEADLINE", "PATIENCE", "Handler", "Http", "Network", "Reserve", "at_once"]
