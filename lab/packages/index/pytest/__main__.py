import contextlib
import io
import sys

import pytest


class Seen:
    def __init__(self):
        self.outcomes = []

    def pytest_runtest_logreport(self, report):
        if report.when == "call":
            self.outcomes.append((report.nodeid.split("::")[-1], report.outcome))


seen, printed = Seen(), io.StringIO()
with contextlib.redirect_stdout(printed):
    code = pytest.main(["-p", "no:cacheprovider", "--pyargs", "checks"], plugins=[seen])
for outcome in seen.outcomes:
    print(*outcome)
print("exit code", int(code))
print("assert square(three) == 8" in printed.getvalue())
if not seen.outcomes:
    print(printed.getvalue(), file=sys.stderr)
