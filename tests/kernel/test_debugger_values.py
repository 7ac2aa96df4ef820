"""What the debugger shows of a stopped program, and of a running one: variables, expressions, conditions, errors."""

from pathlib import Path

# Variables


def test_closures_and_blocks_show_what_can_be_seen_there(client):
    code = """func outer(a) {
    let captured := a + 1
    let hidden := 5
    let inner := (b) => {
        let x := b
        if b > 1 {
            let x := "inside"
            print(x)
        }
        return captured + x
    }
    return inner(2)
}
outer(1)"""
    cell = client.run(code, 8, 10)
    assert client.stack()[0]["line"] == 8
    assert client.locals() == {"b": "2", "captured": "2", "x": '"inside"'}
    assert client.step("continue")[1] == 10
    assert client.locals() == {"b": "2", "captured": "2", "x": "2"}
    assert client.locals(1).keys() == {"a", "captured", "hidden", "inner"}
    assert client.finish(cell).result == "4"


def test_a_variable_that_closures_of_a_loop_keep_shows_its_value(client):
    code = """func adders() {
    let made := []
    for i in 1..=2 {
        let step := i * 10
        made.push((x) => {
            return x + step + i
        })
        print(step)
    }
    return made
}
adders().map(f => f(0))"""
    cell = client.run(code, 6, 8)
    assert client.place() == ("adders", 8)
    assert client.locals() == {"made": "[<func anonymous>]", "i": "1", "step": "10"}
    client.breakpoints(code, 6)
    assert client.step("continue") == ("anonymous", 6)
    assert client.locals() == {"x": "0", "step": "10", "i": "1"}
    client.breakpoints(code)
    assert client.finish(cell).result == "[11, 22]"


def test_values_open_up_part_by_part(client):
    code = """struct Point { x, y }
let nested := {"points": [Point { x: 1, y: [true] }], "text": "a\\nb", "unique": Set([3])}
let long := range(3000).map(n => n)
let settled := (async () => 5)()
await settled
nested"""
    cell = client.run(code, 6)
    client.stack()
    top = client.scope("Globals")
    assert client.children(client.inside(top, "nested", '"points"', "0")) == {"x": "1", "y": "[true]"}
    assert client.children(client.inside(top, "nested"))['"text"'] == '"a\\nb"'
    assert client.children(client.inside(top, "nested", '"unique"')) == {"0": "3"}
    assert client.children(client.inside(top, "settled")) == {"result": "5"}
    long = client.inside(top, "long")
    assert client.children(long)["…"] == "2000 more"
    assert client.children(long, start=2998, count=5) == {"2998": "2998", "2999": "2999"}
    assert client.evaluate("nested") == client.children(top)["nested"]
    client.finish(cell)


def test_variables_can_be_set(client):
    code = """struct Point { x, y }
func change(p) {
    let n := 1
    let keep := () => n
    for i in 1..=1 {
        let boxed := 1
        let f := () => boxed
        print(n, keep(), p.x, f())
    }
}
change(Point { x: 1, y: 2 })"""
    cell = client.run(code, 8)
    client.stack()
    scope = client.scope()
    assert client.ask("setVariable", variablesReference=scope, name="n", value="n + 40")["value"] == "41"
    assert client.ask("setVariable", variablesReference=scope, name="boxed", value="7")["value"] == "7"
    point = client.inside(scope, "p")
    assert client.ask("setVariable", variablesReference=point, name="x", value="[1]")["value"] == "[1]"
    assert client.refused("setVariable", variablesReference=scope, name="n", value="nope") == "Undefined variable: nope"
    assert client.locals()["n"] == "41"
    assert client.finish(cell).out == "41 41 [1] 7\n"


def test_a_variable_of_a_frame_can_be_copied_to_the_session(client):
    code = "func f() {\n  let local := [1]\n  return local\n}\nf();"
    cell = client.run(code, 3)
    frame = client.stack()[0]["id"]
    client.ask("copyToGlobals", srcVariableName="local", dstVariableName="copied", srcFrameId=frame)
    assert client.refused("copyToGlobals", srcVariableName="no", dstVariableName="x", srcFrameId=frame) == (
        "Undefined variable: no"
    )
    rich = client.ask("richInspectVariables", variableName="local", frameId=frame)
    assert rich["data"] == {"text/plain": "[1]"}
    client.finish(cell)
    assert client.notebook.ok("copied").result == "[1]"


# Conditions and expressions


def test_a_condition_is_an_expression_of_the_language(client):
    code = "let xs := [1, 2, 3]\nfor n in 1..=5 {\n  print(n)\n}"
    cell = client.run(code, {"line": 3, "condition": "n == 3 and xs.len() > 2"})
    client.stack()
    assert client.evaluate("n") == "3"
    client.notebook.until(lambda: cell.out == "1\n2\n")
    client.finish(cell)


def test_a_condition_that_fails_stops_and_says_why(client):
    code = "for n in 1..=2 {\n  print(n)\n}"
    assert client.breakpoints(code, {"line": 2, "condition": "n =="})[0]["verified"] is False
    cell = client.run(code, {"line": 2, "condition": "missing > 1"})
    output = client.event("output")
    assert output == {"category": "stderr", "output": "the condition missing > 1: Undefined variable: missing\n"}
    client.stack()
    client.breakpoints(code)
    client.finish(cell)


def test_hits_are_counted(client):
    code = "for n in 1..=6 {\n  print(n)\n}"
    assert "not a number of hits" in client.breakpoints(code, {"line": 2, "hitCondition": "often"})[0]["message"]
    cell = client.run(code, {"line": 2, "hitCondition": "% 3"})
    client.stack()
    assert client.evaluate("n") == "3"
    client.go()
    client.stack()
    assert client.evaluate("n") == "6"
    client.finish(cell)


def test_a_logpoint_writes_and_does_not_stop(client):
    code = "for n in 1..=3 {\n  print(n)\n}"
    cell = client.run(code, {"line": 2, "condition": "n > 1", "logMessage": 'n is "{n}", ${n * 2} {"twice"}'})
    assert client.event("output") == {"category": "console", "output": 'n is "2", $4 twice\n'}
    assert client.event("output") == {"category": "console", "output": 'n is "3", $6 twice\n'}
    assert client.notebook.wait(cell).out == "1\n2\n3\n"


def test_expressions_see_the_frame_and_change_it(client):
    code = "let factor := 3\nfunc scaled(n) {\n  mut local := n * factor\n  return local\n}\nscaled(2)"
    cell = client.run(code, 4)
    client.stack()
    assert client.evaluate("[local, n].map(x => x * factor)") == "[18, 6]"
    assert client.evaluate("local + 1", frame=0) == "7"
    assert client.evaluate("factor", frame=1) == "3"
    assert client.evaluate("print(n)\nlocal = 100", "repl") == "null"
    assert client.evaluate("fresh := local + 1\nfresh", "repl") == "101"
    assert client.evaluate('"a\\nb"', "clipboard") == '"a\\nb"'
    assert client.fails("n +").startswith("Unexpected") or client.fails("n +")
    assert client.fails("nope") == "Undefined variable: nope"
    assert client.fails('throw "mine"') == "mine"
    waits = "nothing can be waited for while the program stands still (continue, and wait in a cell)"
    assert client.fails("await sleep(1ms)") == waits
    cell = client.finish(cell)
    assert (cell.out, cell.result) == ("2\n", "100")
    assert client.notebook.ok("fresh").result == "101"


def test_a_task_that_an_expression_starts_runs_when_the_program_goes_on(client):
    code = "let made := channel(1)\nprint(await made.receive())"
    cell = client.run(code, 2)
    client.stack()
    client.evaluate('spawn { await made.send("from the debugger") }', "repl")
    assert client.finish(cell).out == "from the debugger\n"


# Errors


def test_an_error_that_nothing_catches_stops_where_it_is_raised(client):
    client.ask("setExceptionBreakpoints", filters=["uncaught"])
    code = 'func risky(n) {\n  return n[2]\n}\ntry { risky([]) } except e { print("caught") }\nrisky([0])'
    cell = client.notebook.send(code)
    stop = client.event("stopped")
    assert stop["reason"] == "exception"
    assert client.where()[0]["line"] == 2
    info = client.ask("exceptionInfo", threadId=1)
    assert client.locals() == {"n": "[0]"}
    client.go()
    cell = client.notebook.wait(cell)
    assert cell.out == "caught\n"
    assert (cell.reply["ename"], cell.reply["evalue"]) == (info["exceptionId"], info["description"])
    assert (stop["description"], stop["text"]) == (info["exceptionId"], info["description"])
    cell = client.notebook.send('throw "mine"')
    client.stack()
    assert client.ask("exceptionInfo", threadId=1)["description"] == "mine"
    client.finish(cell)


def test_every_error_stops_if_that_is_asked_for(client):
    client.ask("setExceptionBreakpoints", filters=["raised"])
    cell = client.notebook.send("try {\n  let x := [1][5]\n} except e {\n  print(e.message)\n}")
    assert client.place() == ("<top level>", 2)
    assert client.ask("exceptionInfo", threadId=1)["exceptionId"] == "IndexError"
    client.go()
    assert client.notebook.wait(cell).reply["status"] == "ok"
    client.ask("setExceptionBreakpoints", filters=[])


# Texts


def test_sources_and_modules_are_the_programs(client):
    notebook = client.notebook
    work = Path(notebook.ok("from py.os import getcwd\nprint(getcwd())").out.strip())
    (work / "shapes.hkt").write_text("export func area(r) {\n  let squared := r * r\n  return squared * 3\n}\n")
    notebook.ok("import shapes")
    found = client.ask("modules")
    assert [(module["name"], module["path"]) for module in found["modules"]] == [("shapes", str(work / "shapes.hkt"))]
    path = str(work / "shapes.hkt")
    assert client.ask("source", source={"path": path})["content"].startswith("export func area")
    client.ask("setBreakpoints", source={"path": path}, breakpoints=[{"line": 3}])
    cell = notebook.send("shapes.area(2)")
    assert client.place() == ("area", 3)
    assert client.locals() == {"r": "2", "squared": "4"}
    assert client.finish(cell).result == "12"
    code = "let shown := 1\n"
    assert client.ask("source", source={"path": client.path(code)})["content"] == code
