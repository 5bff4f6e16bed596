import contextlib
import io
import os
import sqlite3
import tempfile

import alembic.config

# Among its templates are a README, and sources that are no modules.
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    with contextlib.redirect_stdout(io.StringIO()):
        alembic.config.main(["--quiet", "init", "migrations"])
    print(sorted(os.listdir("migrations")))
    with open("alembic.ini") as file:
        settings = file.read().replace("driver://user:pass@localhost/dbname", "sqlite:///data.db")
    with open("alembic.ini", "w") as file:
        file.write(settings)
    with contextlib.redirect_stdout(io.StringIO()):
        alembic.config.main(["--quiet", "revision", "--message", "first"])
        alembic.config.main(["--quiet", "upgrade", "head"])
    print(sqlite3.connect("data.db").execute("select count(*) from alembic_version").fetchone())
    os.chdir("/")
