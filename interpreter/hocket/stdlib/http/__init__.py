"""HTTP requests.

Any answer resolves, whatever its status; no answer is a typed error with the fields
`method` and `url`.  `requests` checks what a program asks for, `messages` says what is sent
for it, `exchange` sends that through a `client` of the session's `pool`, whose connections
are those of `transport`, and `failures` says in our words what went wrong.
"""

from hocket.stdlib.http import calls, plain, streaming
from hocket.stdlib.http.pool import Pool
from hocket.stdlib.http.results import HttpResult

__all__ = ["HttpResult", "Pool", "calls", "plain", "streaming"]
