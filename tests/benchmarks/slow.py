"""Answers requests, and gives whoever reads a pipe its text, after the same delay; it prints its URL.

    python slow.py MILLISECONDS [PIPE …]

It is a process of its own, so that its work takes no time from the one that is measured, with
a thread for each connection and pipe: a thread sleeps more exactly than a loop.
"""

import os
import socket
import sys
import threading
import time

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer(connection: socket.socket, delay: float) -> None:
    """Answer what is asked over a connection."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while connection.recv(65536):
            time.sleep(delay)
            connection.sendall(ANSWER)
    except ConnectionError:
        return


def deliver(path: str, delay: float) -> None:
    """Fill a pipe again and again."""
    while True:
        with open(path, "w", encoding="ascii") as pipe:
            # Another reader is to find another pipe: this one may still be open.
            os.unlink(path)
            os.mkfifo(path)
            time.sleep(delay)
            pipe.write("ok")


def main() -> None:
    delay = int(sys.argv[1]) / 1000
    for path in sys.argv[2:]:
        os.mkfifo(path)
        threading.Thread(target=deliver, args=(path, delay)).start()
    listening = socket.create_server(("127.0.0.1", 0), backlog=200)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    while True:
        threading.Thread(target=answer, args=(listening.accept()[0], delay)).start()


if __name__ == "__main__":
    main()
