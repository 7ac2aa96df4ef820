"""HTTP requests.

Any answer resolves, whatever its status; no answer is a typed error with the fields
`method` and `url`.  `requests` checks what a program asks for, `exchange` sends it through
the session's `pool` of connections, `failures` says in our words what went wrong.
"""

from hocket.stdlib.http import calls, plain, streaming
from hocket.stdlib.http.pool import Pool
from hocket.stdlib.http.results import HttpResult

__all__ = ["HttpResult", "Pool", "calls", "plain", "streaming"]
