"""A client and the server that it asks."""

import http.server
import json
import threading

import requests


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/old":
            self.send_response(302)
            self.send_header("Location", "/new")
            self.end_headers()
            return
        self.answer({"path": self.path})

    def do_POST(self):
        self.answer({"sent": json.loads(self.rfile.read(int(self.headers["Content-Length"])))})

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    with requests.Session() as session:
        session.trust_env = False
        print(session.get(f"{address}/one", params={"n": 1}).json())
        print(session.post(address, json={"key": "value"}).json())
        moved = session.get(f"{address}/old")
        print(moved.status_code, moved.json()["path"])
        # A secure connection reads the certificates first; that nobody speaks TLS there, it finds later.
        try:
            session.get(address.replace("http:", "https:"))
        except requests.exceptions.SSLError as error:
            print("SSLError", "CERTIFICATE" not in str(error))
    server.shutdown()
