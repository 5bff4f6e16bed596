"""Starts a web server, asks it until two processes have answered, ends it as Ctrl-C does, and prints the answers and its end.

    python serve.py COMMAND...

The command gets a free port as its last argument; it answers with the number of its process.
"""

import signal
import socket
import subprocess
import sys
import time
import urllib.request

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
server = subprocess.Popen([*sys.argv[1:], str(port)])
processes = set()
end = time.monotonic() + 60
while len(processes) < 2 and time.monotonic() < end and server.poll() is None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=5) as answer:
            processes.add(int(answer.read()))
    except OSError:
        time.sleep(0.1)
server.send_signal(signal.SIGINT)
try:
    server.wait(30)
except subprocess.TimeoutExpired:
    server.kill()
    print("did not end")
print(len(processes), "workers, the server among them:", server.pid in processes)
try:
    urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=5)
    print("somebody still answers")
except OSError:
    print("ended")
