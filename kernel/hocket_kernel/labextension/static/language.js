// The language for CodeMirror 6, as a stream parser: one token after the other, with a stack of what is open.
//
// A frame of the stack is an open bracket, a `${` in a string, a string or a block comment; it knows how far the
// line was indented on which it began.  The words are the language's own (words.js is generated); which soft words
// are keywords where they stand is judged by their neighbours on the line.

import { ATOMS, BUILTINS, ERRORS, KEYWORDS, NUMBER, OPERATORS, SOFT } from "./words.js";

const NAME = /^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/u;
const CLOSERS = { "(": ")", "[": "]", "{": "}", "${": "}" };
const DEFINING = new Set(["func", "fn", "struct", "enum"]);
const FIELD = new Set([".", "?.", "::"]);
// What follows a key, an argument's name or a variable that is assigned.
const NAMING = /^\s*(?::(?!:)|=(?![=>]))/;

// What follows a soft word where it is a keyword, if not a block.
const FOLLOWING = {
  as: /^\s+[\p{L}_{[]/u,
  case: /^\s*[^\s=.,)\]:]/,
  default: /^\s*(?::\s*)?\{/,
  enum: /^\s+[\p{L}_]\w*\s*\{/u,
  export: /^\s+[\p{L}_]/u,
  fn: /^\s*(?:\(|\*?\s*[\p{L}_]\w*\s*\()/u,
  from: /^\s+[^\s=.,)\]:]/,
  match: /^\s+[^\s=.,)\]:*/%<>?|&+]/,
  pub: /^\s+[\p{L}_]/u,
  test: /^\s+"/,
  test_group: /^\s+"/,
  timeout: /^\s*\(|^\s+[\p{L}\d_]/u,
  with: /^\s+[^\s=.,)\]:|]/,
};
const BEFORE_BLOCK = /^\s*\{/;

const top = (state) => state.stack[state.stack.length - 1];

function push(stream, state, kind) {
  state.stack.push({ kind, indent: stream.indentation() });
}

function isKeyword(word, stream, previous) {
  if (!SOFT.has(word)) return true;
  if (word === "catch") return previous === "}";
  return stream.match(FOLLOWING[word] || BEFORE_BLOCK, false);
}

function word(stream, state) {
  const text = stream.current();
  const previous = state.previous;
  state.previous = text;
  if (FIELD.has(previous)) return "propertyName";
  if (DEFINING.has(previous) || (previous === "*" && DEFINING.has(state.before))) return "def";
  const open = top(state);
  const isKey = !(open && open.kind === "${") && stream.match(NAMING, false); // in a string it is a format
  if (ATOMS.has(text)) return "atom";
  const isNamed = isKey && text !== "default";
  if (KEYWORDS.has(text) && !isNamed && isKeyword(text, stream, previous)) return "keyword";
  if (text === "self") return "self";
  if (isKey) return stream.match(/^\s*:(?![:=])/, false) ? "propertyName" : "variableName";
  return BUILTINS.has(text) || ERRORS.has(text) ? "builtin" : "variableName";
}

// A string, or its part up to the next escape or `${`.
function string(stream, state, quotes) {
  if (stream.match(quotes)) {
    state.stack.pop();
    state.previous = quotes;
    return "string";
  }
  if (stream.match("${")) {
    push(stream, state, "${");
    state.previous = "${";
    return "meta";
  }
  if (stream.match(/^\\(?:u\{[0-9a-fA-F]*\}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)?/)) return "string.special";
  stream.next();
  while (!stream.eol() && !/^[\\"'$]/.test(stream.peek())) stream.next();
  return "string";
}

function comment(stream, state) {
  if (stream.skipTo("*/")) {
    stream.match("*/");
    state.stack.pop();
  } else stream.skipToEnd();
  return "comment";
}

function raw(stream, state, quotes) {
  if (stream.skipTo(quotes)) {
    stream.match(quotes);
    state.stack.pop();
    state.previous = quotes;
  } else stream.skipToEnd();
  return "string";
}

function bracket(stream, state, text) {
  if (CLOSERS[text]) {
    push(stream, state, text);
    return "bracket";
  }
  const open = top(state);
  if (open && CLOSERS[open.kind] === text) state.stack.pop();
  return open && open.kind === "${" ? "meta" : "bracket";
}

function code(stream, state) {
  if (stream.eatSpace()) return null;
  if (stream.match("/*")) {
    push(stream, state, "/*");
    return comment(stream, state);
  }
  if (stream.match(/^(?:#|\/\/).*/)) return "comment";
  const opened = stream.match(/^(r?)("""|"|')/);
  if (opened) {
    push(stream, state, opened[0]);
    return "string";
  }
  if (stream.match(NUMBER)) {
    state.previous = "0";
    return "number";
  }
  if (stream.match(NAME)) return word(stream, state);
  const before = state.previous;
  if (stream.match(OPERATORS)) {
    state.before = before;
    state.previous = stream.current();
    const isSpec = state.previous === ":" && top(state) && top(state).kind === "${";
    return isSpec && stream.match(/^[^{}]*/) ? "meta" : /^(?:[,;.:]|::|\?\.)$/.test(state.previous) ? "punctuation" : "operator";
  }
  const text = stream.next();
  state.previous = text;
  return /[()[\]{}]/.test(text) ? bracket(stream, state, text) : "invalid";
}

export const parser = {
  name: "hocket",
  startState: () => ({ stack: [], previous: "", before: "" }),
  copyState: (state) => ({ ...state, stack: state.stack.slice() }),
  token(stream, state) {
    let open = top(state);
    // Only `"""` goes over lines.
    if (stream.sol() && open && /^r?["']$/.test(open.kind)) {
      state.stack.pop();
      open = top(state);
    }
    if (!open || CLOSERS[open.kind]) return code(stream, state);
    if (open.kind === "/*") return comment(stream, state);
    if (open.kind[0] === "r") return raw(stream, state, open.kind.slice(1));
    return string(stream, state, open.kind);
  },
  indent(state, after, context) {
    const open = top(state);
    if (!open) return 0;
    if (!CLOSERS[open.kind]) return null;
    return open.indent + (after.trimStart().startsWith(CLOSERS[open.kind]) ? 0 : context.unit);
  },
  languageData: {
    commentTokens: { line: "#", block: { open: "/*", close: "*/" } },
    closeBrackets: { brackets: ["(", "[", "{", '"', "'", '"""'] },
    indentOnInput: /^\s*[})\]]$/,
  },
};
