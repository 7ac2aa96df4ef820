"""The connections of a session.

One client per session, made when first needed: the HTTP library is loaded, the client
built and the certificates read in a thread, so that the loop never waits for them.  The
rules are httpx's, the connections are aiohttp's, which open and reuse them several times
faster.  Proxies are those of the environment; cookies live as long as the session.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
from typing import TYPE_CHECKING, Any, ClassVar

from hocket.runtime.current import permissions
from hocket.runtime.per_session import PerSession
from hocket.runtime.threads import in_thread
from hocket.stdlib.disk import readable
from hocket.stdlib.files import file_errors
from hocket.stdlib.http.requests import REDIRECTS, port_of

if TYPE_CHECKING:
    import httpx

    from hocket.stdlib.http.client import Client
    from hocket.stdlib.http.messages import Message

CONNECTIONS = 100


class Trust:
    """The certificates that servers must have, read when first needed: that takes a tenth of a second."""

    def __init__(self, verify: bool | str) -> None:
        self.verify = verify
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if verify is False:
            self.context.check_hostname = False
            self.context.verify_mode = ssl.CERT_NONE
        self._is_read = verify is False
        self._lock = threading.Lock()

    async def before(self, message: Message) -> None:
        """Be ready for `message`, if it is allowed; called before each, after redirects too."""
        permissions().connect(*message.place)
        if not self._is_read and message.target.scheme == "https":
            await asyncio.get_running_loop().run_in_executor(None, self.read)

    def read_for(self, request: httpx.Request) -> None:
        """As `before`, for a client that blocks."""
        url = request.url
        permissions().connect(url.raw_host.decode("ascii"), url.port or port_of(url.scheme))
        if url.scheme == "https":
            self.read()

    def read(self) -> None:
        """Read the certificates; raises FileError for a file of the program's."""
        import certifi

        with self._lock:
            if self._is_read:
                return
            if isinstance(self.verify, str):
                with file_errors("read certificates", self.verify):
                    self.context.load_verify_locations(readable(self.verify))
            elif os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR"):
                self.context.load_default_certs()
            else:
                self.context.load_verify_locations(certifi.where())
            self._is_read = True


class Pool:
    """The connections of one session: a client for each way to verify servers, and one that blocks."""

    transport: ClassVar[Any] = None
    """A transport of httpx's that answers instead of the network, for tests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: dict[bool | str, Client] = {}
        self._blocking: dict[bool | str, httpx.Client] = {}
        self._trusts: dict[bool | str, Trust] = {}

    def trust(self, verify: bool | str) -> Trust:
        """Return the certificates that servers must have."""
        return self._trusts.setdefault(verify, Trust(verify))

    async def client(self, verify: bool | str) -> Client:
        """Return the client, building it in a thread at first."""
        client = self._clients.get(verify)
        return await in_thread(self._build, verify) if client is None else client

    def _build(self, verify: bool | str) -> Client:
        from hocket.stdlib.http.client import Client
        from hocket.stdlib.http.transport import Instead, Network

        with self._lock:
            if verify not in self._clients:
                trust = self.trust(verify)
                network = Network(trust.context, CONNECTIONS) if self.transport is None else Instead(self.transport)
                self._clients[verify] = Client(trust, network)
            return self._clients[verify]

    def blocking(self, verify: bool | str) -> httpx.Client:
        """Return the client for plain functions."""
        import httpx

        with self._lock:
            if verify not in self._blocking:
                trust = self.trust(verify)
                self._blocking[verify] = httpx.Client(
                    verify=trust.context,
                    max_redirects=REDIRECTS,
                    transport=self.transport,
                    event_hooks={"request": [trust.read_for]},
                )
            return self._blocking[verify]

    async def close(self) -> None:
        """Close the connections."""
        clients, self._clients = list(self._clients.values()), {}
        blocking, self._blocking = list(self._blocking.values()), {}
        for client in blocking:
            client.close()
        for asynchronous in clients:
            await asynchronous.aclose()


pool = PerSession(Pool, Pool.close)
"""Returns the connections of the session."""
