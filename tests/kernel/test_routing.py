"""Output goes to the cell that causes it: of tasks, threads and processes that work at the same time."""

import sys

LINES = 1000

SPAWN = """%%python
import threading, subprocess, sys

def in_thread(name):
    for line in range({lines}):
        sys.stdout.write(f"{{name}} thread {{line}}\\n")

threading.Thread(target=in_thread, args=("{name}",)).start()
running = subprocess.Popen(["{python}", "-uc", "for line in range({lines}): print('{name} process', line)"])
"""

TASKS = """
async func in_task(name) {{
    for line in range({lines}) {{
        print(name, "task", line)
        if line % 50 == 0 {{ await yield_now() }}
    }}
}}
async func of_process(name) {{
    let text := execute("{python} -c 'for line in range({lines}): print(line)'")
    for line in lines(text) {{ print(name, "process", line) }}
}}
let ts := [spawn in_task("{name}"), spawn of_process("{name}")]
"""


def by_source(text):
    """Return the numbers that each source has printed, in order."""
    found = {}
    for line in text.splitlines():
        source, _, number = line.rpartition(" ")
        found.setdefault(source, []).append(int(number))
    return found


def test_every_line_of_twenty_sources_is_in_its_cell_in_order(fresh):
    fresh.ok("%env HOCKET_OUTPUT_LIMIT=0")
    python = sys.executable
    cells = {}
    others = []
    for number in range(10):
        name = f"cell-{number}"
        code = (SPAWN if number % 2 else TASKS).format(name=name, lines=LINES, python=python)
        cells[name] = fresh.send(code)
        others.append(fresh.send("for i in range(100) { print('other', i); await yield_now() }"))
    for cell in [*cells.values(), *others]:
        fresh.wait(cell)
    fresh.until(lambda: all(cell.out.count("\n") >= 2 * LINES for cell in cells.values()), 60)
    fresh.listen(0.2)
    for number, (name, cell) in enumerate(cells.items()):
        kinds = ("{} thread", "{} process") if number % 2 else ("{} task", "{} process")
        assert by_source(cell.out) == {kind.format(name): list(range(LINES)) for kind in kinds}
    for cell in others:
        assert by_source(cell.out) == {"other": list(range(100))}


def test_a_pool_of_threads_prints_into_the_cell_that_submits(notebook):
    first = notebook.ok("%%python\nfrom concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(1)\n"
                        "pool.submit(print, 'first').result()")  # fmt: skip
    second = notebook.ok("%%python\npool.submit(print, 'second').result()")
    notebook.until(lambda: bool(second.out))
    assert (first.out, second.out) == ("first\n", "second\n")


def test_what_a_process_writes_stands_before_what_follows_it(notebook):
    cell = notebook.ok("""%%python
import subprocess, sys
def run(code, **options):
    return subprocess.run([sys.executable, "-c", code], text=True, **options)
run("import sys; print('one'); print('two', file=sys.stderr)")
print("three")
run("print('four')", check=True, stdout=None)
print("five")
run("print('taken')", capture_output=True).stdout
""")
    assert cell.out == "one\nthree\nfour\nfive\n"
    assert cell.err == "two\n"
    assert cell.result == '"taken\\n"'


def test_a_process_that_is_not_there_is_an_error_and_leaves_nothing_open(notebook):
    code = """%%python
import subprocess, psutil
own = psutil.Process()
count = own.num_fds if hasattr(own, "num_fds") else own.num_handles
before = count()
for _ in range(100):
    try:
        subprocess.Popen(["no such program"])
    except FileNotFoundError:
        pass
count() - before < 50
"""
    assert notebook.ok(code).result == "true"


def test_text_of_a_process_is_not_split_within_a_character(notebook):
    code = "import os, time; os.write(1, bytes([0xC3])); time.sleep(0.2); os.write(1, bytes([0xA4, 10]))"
    cell = notebook.ok(f'%%python\nimport subprocess, sys\nsubprocess.run([sys.executable, "-c", "{code}"])\nNone')
    assert cell.out == "ä\n"
