"""One use of each extension module: a function each, which raises when the module does not do its work."""

import os

FUNCTIONS = {}


def use(function):
    FUNCTIONS[function.__name__.rstrip("_")] = function
    return function


@use
def zlib_():
    import zlib

    assert zlib.decompress(zlib.compress(b"text" * 100)) == b"text" * 100


@use
def bz2_():
    import bz2

    assert bz2.decompress(bz2.compress(b"text")) == b"text"


@use
def lzma_():
    import lzma

    assert lzma.decompress(lzma.compress(b"text")) == b"text"


@use
def hashlib_():
    import hashlib

    for name in ("md5", "sha256", "sha3_256", "blake2b"):
        assert hashlib.new(name, b"text").digest()
    assert hashlib.pbkdf2_hmac("sha256", b"text", b"salt", 10)


@use
def sqlite3_():
    import sqlite3

    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (a)")
    connection.execute("insert into t values (3)")
    assert connection.execute("select sum(a) from t").fetchone() == (3,)


@use
def ctypes_():
    import ctypes

    libc = ctypes.CDLL("libc.so.6")
    assert libc.abs(-3) == 3
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda number: number + 1)
    assert compare(2) == 3
    # One that the interpreter's own modules brought along.
    assert ctypes.CDLL("libsqlite3.so.0").sqlite3_libversion_number() > 3_000_000


@use
def curses_():
    """In a process that has a pseudo terminal of its own."""
    import curses
    import pty

    os.environ["TERM"] = "xterm"
    process, terminal = pty.fork()
    if process == 0:
        try:
            curses.setupterm("xterm")
            window = curses.initscr()
            window.addstr(0, 0, "text")
            window.refresh()
            curses.endwin()
            os._exit(0)
        except BaseException as error:
            os.write(1, f"because: {error}".encode())
            os._exit(1)
    said = b""
    while True:
        try:
            some = os.read(terminal, 1000)
        except OSError:
            break
        if not some:
            break
        said += some
    status = os.waitpid(process, 0)[1]
    assert status == 0, said.decode(errors="replace")[-120:]


@use
def readline_():
    import readline

    readline.add_history("text")
    assert readline.get_history_item(1) == "text"


@use
def shared_memory():
    from multiprocessing import shared_memory

    memory = shared_memory.SharedMemory(create=True, size=10)
    memory.buf[0] = 7
    again = shared_memory.SharedMemory(memory.name)
    assert again.buf[0] == 7
    again.close()
    memory.close()
    memory.unlink()


@use
def dbm_():
    import dbm
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        with dbm.open(folder + "/file", "c") as file:
            file["a"] = "b"
            assert file["a"] == b"b"


@use
def uuid_():
    import uuid

    assert uuid.uuid1() != uuid.uuid4()


@use
def decimal_():
    import decimal

    assert decimal.Decimal("1.1") + decimal.Decimal("2.2") == decimal.Decimal("3.3")


@use
def expat():
    import xml.etree.ElementTree

    assert xml.etree.ElementTree.fromstring("<a><b/></a>").find("b") is not None


@use
def subprocess_():
    """Of this very program there is no other way in a root that has no shell: a program that is not there is an error that says so."""
    import subprocess

    try:
        subprocess.run(["/no/such/program"], check=True)
    except FileNotFoundError:
        return
    raise AssertionError("a program that is not there was started")


@use
def asyncio_():
    import asyncio

    async def answer():
        await asyncio.sleep(0)
        return 3

    assert asyncio.run(answer()) == 3


@use
def tls():
    """HTTPS to a server in a thread of this process, with a certificate of its own."""
    import http.server
    import ssl
    import tempfile
    import threading
    import urllib.request

    import certificate

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"text")

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(certificate.PEM)
        file.flush()
        context.load_cert_chain(file.name)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    trusting = ssl.create_default_context(cadata=certificate.PEM[certificate.PEM.index("-----BEGIN CERTIFICATE") :])
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusting))
    assert opener.open(f"https://127.0.0.1:{server.server_address[1]}/", timeout=10).read() == b"text"
    server.shutdown()


@use
def certificates():
    """Where the distribution has certificates, they are found."""
    import ssl

    bundles = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
    if any(os.path.exists(bundle) for bundle in bundles):
        assert ssl.create_default_context().cert_store_stats()["x509_ca"] > 0, "no certificates are found"


@use
def tkinter_():
    """Without a display, the error that Tk itself gives; a script library that is not found is another one."""
    import tkinter

    try:
        tkinter.Tcl().eval("info patchlevel")
        tkinter.Tk().destroy()
    except tkinter.TclError as error:
        assert "no display name" in str(error), error
