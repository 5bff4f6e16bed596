"""A shop that knows nothing of OpenTelemetry, but for `spans`, which looks at what was recorded."""

import sqlite3
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

if not getattr(sys, "frozen", False):
    # Under any other Python, `opentelemetry-instrument` starts it before the application.
    import telemetry

    telemetry.start()

import flask
import requests

app = flask.Flask("shop")


@app.route("/stock/<name>")
def stock(name):
    connection = sqlite3.connect(":memory:")
    cursor = connection.cursor()
    cursor.execute("create table goods (name text, count integer)")
    cursor.execute("insert into goods values ('apple', 3)")
    cursor.execute("select count from goods where name = ?", (name,))
    return {"count": cursor.fetchone()[0]}


class Supplier(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        # The trace goes on behind the border of the process.
        self.wfile.write(self.headers.get("traceparent", "no trace").encode())

    def log_message(self, *args):
        pass


def spans():
    from opentelemetry import trace
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


def main():
    exporter = spans()
    server = HTTPServer(("127.0.0.1", 0), Supplier)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    answer = requests.get(f"http://127.0.0.1:{server.server_port}/order", timeout=30)
    version, trace_id, _, _ = answer.text.split("-")
    print(version, len(trace_id))
    server.shutdown()

    print(app.test_client().get("/stock/apple").get_json())

    for span in exporter.get_finished_spans():
        parent = "child" if span.parent else "root"
        print(span.name, span.kind.name, parent, span.instrumentation_scope.name, span.resource.attributes["service.name"])


if __name__ == "__main__":
    main()
