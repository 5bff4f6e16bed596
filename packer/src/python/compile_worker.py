"""Compiles modules for `coldframe build`: one of several processes, fed over its standard input.

It reads and writes binary frames (`packer/src/protocol.rs` is the other end): a length of four bytes, then the body.
Nothing of the application is executed here, only compiled.
"""

# Only modules that every build of CPython has inside the interpreter, and `warnings`: the worker may be the
# launcher itself, started before there is an archive to import from.
import gc
import marshal
import sys
import warnings

ONLY_SYNTAX_TREE = 0x400  # `ast.PyCF_ONLY_AST`, without importing `ast`.

# Properties of a module in an answer, besides its code.
HAS_MAIN_GUARD = 1

# The function of `multiprocessing` that may be called once, which the launcher has done (but with force).
SETS_METHOD = "set_start_method"


def main():
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    # A stray `print` must not end up between two frames.
    sys.stdout = sys.stderr
    # Warnings about the code being compiled belong to its author, at development time.
    warnings.simplefilter("ignore")
    # Code objects form no cycles, and collections would only look at them again and again.
    gc.disable()
    send(replies, introduction())
    while True:
        body = receive(requests)
        if body is None:
            return
        send(replies, answer(body))


def receive(stream):
    head = stream.read(4)
    if len(head) < 4:
        return None
    return stream.read(int.from_bytes(head, "little"))


def send(stream, body):
    stream.write(len(body).to_bytes(4, "little"))
    stream.write(body)
    stream.flush()


def introduction():
    """Which Python this is."""
    magic = sys.modules["_frozen_importlib_external"].MAGIC_NUMBER
    return bytes(sys.version_info[:2]) + magic[:2] + bytes([marshal.version])


def answer(body):
    optimization, guard_asked = body[0], body[1]
    name_end = 4 + int.from_bytes(body[2:4], "little")
    # The path as the archive knows it, so that the code does not tell where it was compiled.
    filename = body[4:name_end].decode("utf-8")
    source = body[name_end:]
    try:
        code = compile(source, filename, "exec", dont_inherit=True, optimize=optimization)
        facts = 0
        lines = b""
        sets_method = SETS_METHOD.encode() in source
        if guard_asked or sets_method:
            tree = compile(source, filename, "exec", ONLY_SYNTAX_TREE, True)
            facts |= HAS_MAIN_GUARD if guard_asked and has_main_guard(tree) else 0
            if sets_method:
                lines = b"".join(b"!%s\t%d\n" % (SETS_METHOD.encode(), line) for line in start_methods_set(tree))
        return b"\0" + bytes([facts]) + len(lines).to_bytes(4, "little") + lines + marshal.dumps(code)
    except SyntaxError as error:
        return broken(error.lineno, "%s: %s" % (type(error).__name__, error.msg), error.text)
    except Exception as error:  # Null bytes, undecodable text, too deep nesting, numbers too long to convert.
        return broken(None, "%s: %s" % (type(error).__name__, error), None)


def broken(line, message, text):
    message = message.encode("utf-8", "backslashreplace")[:60000]
    text = (text or "").encode("utf-8", "backslashreplace")[:2000]
    return b"\1" + (line or 0).to_bytes(4, "little") + len(message).to_bytes(2, "little") + message + text


def kind(node):
    return type(node).__name__


def children(node):
    for field in node._fields:
        value = getattr(node, field, None)
        for one in value if isinstance(value, list) else [value]:
            if hasattr(one, "_fields"):
                yield one


def last_name(node):
    """`c` of `a.b.c`, and of `c`."""
    return getattr(node, "attr", None) or getattr(node, "id", None)


def start_methods_set(tree):
    """The line of the first call that sets the start method, if it does not ask for force."""
    waiting, lines = [tree], []
    while waiting:
        node = waiting.pop()
        if kind(node) == "Call" and last_name(node.func) == SETS_METHOD and "force" not in [key.arg for key in node.keywords]:
            lines.append(node.lineno)
        waiting.extend(children(node))
    return sorted(lines)[:1]


def has_name(node):
    """Is `__name__` read in there?"""
    return getattr(node, "id", None) == "__name__" or any(has_name(child) for child in children(node))


def has_main_guard(tree):
    """Does the top level compare `__name__` with anything? The question for the main module has too many spellings to know.

    Code in functions runs when they are called, and tells nothing of the top level. A logger that is only named
    so asks nothing: `python` does not run the `__main__` of a folder again in its workers, and without the question
    neither may we.
    """
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        asking = node if kind(node) == "Compare" else node.subject if kind(node) == "Match" else None
        if asking is not None and has_name(asking):
            return True
        if kind(node) in ("FunctionDef", "AsyncFunctionDef", "Lambda"):
            waiting.extend(getattr(node, "decorator_list", []))
        else:
            waiting.extend(children(node))
    return False


if __name__ == "__main__":
    main()
