"""What people write who come from other languages, and what to write here."""

from __future__ import annotations

from typing import NamedTuple

ANY = "ANY"
NAME = "NAME"
# A string, whatever it holds.
QUOTE = '"'
# The beginning of the statement.
START = "START"


class Habit(NamedTuple):
    """A way of other languages: the texts up to the token that cannot be understood.

    `ANY` stands for one text, `NAME` for a name.
    """

    texts: tuple[str, ...]
    message: str
    hint: str


# What is meant by quotes that end a string too early, or not at all.
ESCAPED = "a quote inside of a string has a `\\` before it"
LINES = 'a string over several lines stands between """ and """'
LAMBDA = "write `func(x) { … }`, or `x => e`"

HABITS = (
    Habit(("elif", ANY), "there is no `elif`", "write `else if`"),
    Habit(("elsif", ANY), "there is no `elsif`", "write `else if`"),
    Habit(("elseif", ANY), "there is no `elseif`", "write `else if`"),
    Habit((START, "do", "{"), "there is no `do`", "write `loop { … if !condition { break } }`"),
    Habit((START, "unless", ANY), "there is no `unless`", "write `if !condition { … }`"),
    Habit((START, "until", ANY), "there is no `until`", "write `while !condition { … }`"),
    Habit((START, "foreach", ANY), "there is no `foreach`", "write `for x in xs { … }`"),
    Habit((START, "repeat", ANY), "there is no `repeat`", "write `for i in 0..n { … }`"),
    Habit((START, "go", NAME), "there is no `go`", "write `spawn f(x)`"),
    Habit((START, "defer", NAME), "there is no `defer`", "write `try { … } finally { … }`, or `with x { … }`"),
    Habit((START, "local", NAME), "there is no `local`", "write `x := 1`, or `mut x := 1`"),
    Habit((START, "puts", ANY), "there is no `puts`", "write `print(…)`"),
    Habit(("if", "let"), "there is no `if let`", "write `match e { case Some(x) { … } }`"),
    Habit(
        ("while", "let"), "there is no `while let`", "write `loop { match e { case Some(x) { … } default { break } } }`"
    ),
    Habit(("break", ANY), "`break` has neither value nor label", "assign a variable before it"),
    Habit(("continue", ANY), "`continue` has no label", "a function with `return` leaves several loops"),
    Habit((START, "export", NAME, "="), "`export` stands before a declaration", "write `export x := 1`"),
    Habit(("{", "|"), "a function is not written with `|x|`", "write `x => e`"),
    Habit((START, "switch", ANY), "there is no `switch`", "write `match x { case 1 { … } default { … } }`"),
    Habit(
        (START, "for", "("), "this is not how a `for` is written", "write `for i in 0..10 { … }`, `for k, v in d { … }`"
    ),
    Habit((START, "for", ANY, ":="), "this is not how a `for` is written", "write `for i in 0..10 { … }`, or `while`"),
    Habit((START, "for", ANY, "="), "this is not how a `for` is written", "write `for i in 0..10 { … }`, or `while`"),
    Habit((START, "for", ANY, ",", ANY, ":="), "this is not how a `for` is written", "write `for i, x in xs { … }`"),
    Habit((START, "for", ANY, ",", ANY, "="), "this is not how a `for` is written", "write `for i, x in xs { … }`"),
    Habit(("to",), "there is no `to`", "a range is `0..10`, or `0..=10` with its end"),
    Habit(("for", "let"), "the variable of a `for` is declared by it", "write `for x in xs { … }`"),
    Habit(("for", "mut"), "the variable of a `for` is declared by it", "write `for x in xs { … }`"),
    Habit(("for", "const"), "the variable of a `for` is declared by it", "write `for x in xs { … }`"),
    Habit((START, "for", ANY, "of"), "this is not how a `for` is written", "write `for x in xs { … }`"),
    Habit(("]", "of"), "this is not how a `for` is written", "write `for x in xs { … }`"),
    Habit(("catch", "(", ANY, ","), "no parentheses where an error has a type", "write `except A | B e { … }`"),
    Habit(("except", "(", ANY, ","), "no parentheses where an error has a type", "write `except A | B e { … }`"),
    Habit(("let", ANY, ","), "several names to declare stand in brackets", "write `let [a, b] := [1, 2]`"),
    Habit(("mut", ANY, ","), "several names to declare stand in brackets", "write `mut [a, b] := [1, 2]`"),
    Habit((START, "var", ANY), "there is no `var`", "write `mut x := 1`, or `let` for what is not reassigned"),
    Habit((START, "val", ANY), "there is no `val`", "write `let x := 1`"),
    Habit((START, "def", ANY), "there is no `def`", "write `func`"),
    Habit((START, "function", ANY), "there is no `function`", "write `func`"),
    Habit((START, "async", "function", ANY), "there is no `function`", "write `async func`"),
    Habit((START, "async", "def", ANY), "there is no `def`", "write `async func`"),
    Habit(("function", "("), "there is no `function`", LAMBDA),
    Habit(("fun", NAME), "there is no `fun`", "write `func`"),
    Habit(("sub", NAME), "there is no `sub`", "write `func`"),
    Habit(("let", "mut"), "there is no `let mut`", "write `mut x := 1`"),
    Habit(
        (START, "type", NAME), "there is no `type` declaration", "write `struct` or `enum`; a type has no other name"
    ),
    Habit(("struct", NAME, "<"), "nothing has type parameters", "leave `<…>` out"),
    Habit(("func", NAME, "<"), "nothing has type parameters", "leave `<…>` out"),
    Habit(("?.", "["), "`?.` stands before a name", "write `a?.get(key)`, or `(a ?? {})[key]`"),
    Habit(("?.", "("), "`?.` stands before a name", "write `if f { f(x) }`"),
    Habit((START, "interface", NAME), "there is no `interface`", "a value fits if it has the methods that are called"),
    Habit((START, "trait", NAME), "there is no `trait`", "a value fits if it has the methods that are called"),
    Habit((START, "impl", NAME), "there is no `impl`", "methods stand in the `struct`: `func name(self) { … }`"),
    Habit((START, "public", ANY), "there is no `public`", "write `export`, or nothing: all names can be seen"),
    Habit((START, "private", ANY), "there is no `private`", "a module shows only what it marks with `export`"),
    Habit((START, "static", ANY), "there is no `static`", "write the function or variable outside of the struct"),
    Habit((START, "global", NAME), "there is no `global`", "`:=` assigns the nearest variable of that name"),
    Habit((START, "nonlocal", NAME), "there is no `nonlocal`", "`:=` assigns the nearest variable of that name"),
    Habit((START, "del", NAME), "there is no `del`", "write `d.remove(key)` or `a.remove_at(i)`"),
    Habit((START, "assert", ANY), "`assert` is a function", "write `assert(…)`"),
    Habit((START, "goto", NAME), "there is no `goto`", "write a loop with `break`, or a function with `return`"),
    Habit((START, "package", NAME), "there is no `package`", "a file is a module"),
    Habit((START, "use", NAME), "there is no `use`", "write `import m`"),
    Habit((START, "using", NAME), "there is no `using`", "write `import m`"),
    Habit((START, "include", ANY), "there is no `include`", "write `import m`"),
    Habit(("do",), "there is no `do`", "a body stands in braces: `while c { … }`"),
    Habit(("then",), "there is no `then`", "a body stands in braces: `if c { … }`"),
    Habit(("println", "!"), "there is no `println!`", "write `print(…)`"),
    Habit(("except", ANY, "as"), "the name stands right behind the type", "write `except ValueError e { … }`"),
    Habit(("catch", ANY, "as"), "the name stands right behind the type", "write `except ValueError e { … }`"),
    Habit((START, "catch", ANY), "`catch` without `try`", "write `try { … } catch e { … }`"),
    Habit((START, "catch", "(", ANY, ")", "{"), "`catch` without `try`", "write `try { … } catch e { … }`"),
    Habit(("catch", "(", ANY, NAME), "no parentheses where an error has a type", "write `except ValueError e { … }`"),
    Habit(("except", "(", ANY, NAME), "no parentheses where an error has a type", "write `except ValueError e { … }`"),
    Habit(("async", "for"), "there is no `async for`", "write `for await x in stream { … }`"),
    Habit(("await", "for"), "there is no `await for`", "write `for await x in stream { … }`"),
    Habit(("async", "{"), "there is no `async` block", "write `spawn { … }`"),
    Habit((START, "case", ANY), "`case` without `match`", "write `match x { case 1 { … } }`"),
    Habit(("auto", NAME), "there is no `auto`", "write `x := 1`"),
    Habit(("<", "<"), "there is no operator `<<`", "write `bit_shl(x, n)`"),
    Habit((">", ">"), "there is no operator `>>`", "write `bit_shr(x, n)`"),
    Habit(("lambda", ANY), "there is no `lambda`", "write `x => e`"),
    Habit(("new", ANY), "there is no `new`", "call the constructor: `Name(…)`"),
    Habit((START, "delete", ANY), "there is no `delete`", "write `d.remove(key)`"),
    Habit(("yield", "*"), "there is no `yield*`", "write `for x in xs { yield x }`"),
    Habit((START, "class", ANY), "there is no `class`", "write `struct Name { field: type, func method(self) { … } }`"),
    Habit(("typeof", ANY), "there is no `typeof`", "write `type(x)`"),
    Habit(("f", QUOTE), "a string needs no `f`", 'write `"${x}"`'),
    Habit(("for",), "`for` is a statement", "write `xs.map(x => …)` or `xs.filter(x => …)`"),
    Habit(("import", "{"), "names are imported with `from`", "write `from m import a, b`"),
    Habit(("import", ANY, "from"), "names are imported with `from`", "write `from m import a, b`"),
    Habit(("import", QUOTE), "a module is named without quotes", "write `import m`"),
    Habit(("import", "*"), "each name is imported by itself", "write `from m import a, b`, or `import m` and `m.a`"),
    Habit(("import", "("), "imported names stand without brackets", "a line goes on behind its last `,`"),
    Habit((START, "import", ANY, ","), "each module has an `import` of its own", "write `import a; import b`"),
    Habit(("from", "."), "no import is relative", "`from m import a` looks beside the file first"),
    Habit(("import", ".."), "no import is relative", "`import m` looks beside the file first"),
    Habit(("import", "."), "no import is relative", "`import m` looks beside the file first"),
    Habit((START, "export", "default", ANY), "there is no `export default`", "write `export` before a declaration"),
    Habit((START, "export", "import"), "`export` stands before a declaration", "write `import` alone"),
    Habit((START, "pass", ANY), "there is no `pass`", "an empty block is `{ }`"),
    Habit((START, "raise", ANY), "there is no `raise`", "write `throw`"),
    Habit((START, "test", QUOTE), "the name of a test holds no `${…}`", "write a text without it"),
    Habit((START, "test_group", QUOTE), "the name of a test holds no `${…}`", "write a text without it"),
    Habit((START, "print", ANY), "`print` is a function", "write `print(…)`"),
    Habit((START, "echo", ANY), "there is no `echo`", "write `print(…)`"),
    Habit(("?", ANY), "there is no `? :`", "write `if condition { a } else { b }`"),
    Habit(("is",), "there is no `is`", "write `==`, or `!=` for `is not`"),
    Habit(("instanceof",), "there is no `instanceof`", "compare `type(x)`"),
    Habit(("case", ANY, "->"), "there is no `->` in a case", "write `case 1 { … }`"),
    Habit(("->",), "a function without a name is written with `=>`", "write `(a, b) => e`"),
    Habit((START, ANY, ","), "several names to assign to stand in brackets", "write `[a, b] := [1, 2]`"),
)

# Operators of other languages, and what to write here.
SIGNS = {
    "===": "write `==`",
    "!==": "write `!=`",
    "<>": "write `!=`",
    "||=": "write `x := x || y`",
    "&&=": "write `x := x && y`",
    "??=": "write `x := x ?? y`",
    "<=>": "compare with `<` and `>`",
    "=<": "write `<=`",
    "++": "write `i += 1`",
    "--": "write `i -= 1`",
    "&": "write `&&`, or `bit_and(a, b)`",
    "^": "write `**` for a power, or `bit_xor(a, b)`",
    "~": "write `!` for not, or `bit_not(x)`",
}


# Quotes that are none here, and what closes them.
QUOTES = {"`": "`", "\u201c": "\u201d", "\u201e": "\u201c", "\u2018": "\u2019", "\u00ab": "\u00bb"}
# What other languages write before a name.
TYPES = {"int": "int", "float": "float", "double": "float", "string": "string", "String": "string", "bool": "bool"}
# Characters that mean nothing here, and what to write.
CHARACTERS = {
    **dict.fromkeys(QUOTES, "a string stands between `\"` or `'`"),
    "`": 'a string stands between `"`, with `${…}` in it',
    "\\": "a `\\` that joins lines is the last character of its line",
    "$": "a name has no `$`; `${…}` stands in strings",
    "@": "there are no decorators: `f := wrap(f)`",
    "\u2013": "write `-`",
    "\u2014": "write `-`",
    "\u2212": "write `-`",
    "\u00d7": "write `*`",
    "\u00f7": "write `/`",
    "\u2260": "write `!=`",
    "\u2264": "write `<=`",
    "\u2265": "write `>=`",
    "\u2192": "write `->` or `=>`",
    "\u2026": "write `...`",
    "\uff0c": "write `,`",
    "\uff1b": "write `;`",
    "\uff1a": "write `:`",
    "\uff08": "write `(`",
    "\uff09": "write `)`",
    "\u200b": "it cannot be seen: delete it",
    "\ufeff": "it cannot be seen: delete it",
}
