"""How long a program takes from its text to Python's code, in the time that the process computes."""

import time

import pytest

from hocket.session import Session
from hocket.syntax import parser

BLOCK = """
async func fetch_{n}(url, retries = 3) {{
    mut body := ""
    for attempt in 0..retries {{
        try {{
            let answer := await async_sleep(attempt * 10 + {n})
            if answer == null && attempt > 1 {{ return {{url: url, attempt: attempt}} }}
            body := "${{url}}: ${{attempt}} of ${{retries}}"
        }} except TimeoutError e {{
            print("late", e.message, attempt)
        }} finally {{ body += "!" }}
    }}
    return body.upper().len() + {n} ?? [1, 2, 3].map(x => x * {n})
}}
func area_{n}(w, h) {{
    mut total := 0
    while total < w * h {{
        total += w / 2 + h % 3 - 1
        if total == 13 {{ continue }}
    }}
    return match total {{ case 0 {{ null }} case int n if n > {n} {{ [n, w, h] }} default {{ {{w: w, h: h}} }} }}
}}
struct Point_{n} {{ x: float, y: float = {n}.5 }}
let value_{n} := area_{n}({n}, 4) ?? Point_{n} {{ x: {n} }}
"""
LINES = BLOCK.strip().count("\n") + 1


def program(lines: int) -> str:
    """Return a program of about so many lines."""
    return "\n".join(BLOCK.strip().format(n=number) for number in range(lines // LINES))


def seconds(text: str, runs: int) -> float:
    """Return how long `text` takes to compile at best; a busy machine only makes it longer."""
    session, best = Session(), float("inf")
    for _ in range(runs):
        started = time.process_time()
        session.compile(text, "program")
        best = min(best, time.process_time() - started)
    return best


@pytest.fixture(autouse=True, scope="module")
def warm() -> None:
    parser.load()
    Session().compile(program(LINES), "program")


def test_a_cell_of_a_hundred_lines_takes_less_than_thirty_milliseconds() -> None:
    assert seconds(program(100), runs=20) < 0.030


def test_a_file_of_five_thousand_lines_takes_less_than_a_second_and_a_half() -> None:
    assert seconds(program(5_000), runs=4) < 1.5


def test_time_is_linear_in_the_length() -> None:
    once, four, sixteen = (seconds(program(300 * times), runs=8 // times + 3) for times in (1, 4, 16))
    assert four < 2 * 4 * once
    assert sixteen < 2 * 16 * once
