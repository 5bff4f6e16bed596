import os
import sys

from gunicorn.app.base import BaseApplication


def service(environ, start_response):
    start_response("200 OK", [("Connection", "close")])
    return [b"%d" % os.getpid()]


class Server(BaseApplication):
    def load_config(self):
        self.cfg.set("workers", 2)
        self.cfg.set("bind", f"127.0.0.1:{sys.argv[1]}")
        self.cfg.set("loglevel", "warning")

    def load(self):
        return service


if __name__ == "__main__":
    Server().run()
