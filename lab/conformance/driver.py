"""Runs one of CPython's own test suites and writes the outcome of each test, one JSON line for each.

    python driver.py SUITE RESULTS [ID...]

Both interpreters of a comparison run this file in a folder of its own. A line is written when a test starts and when it
has ended, so that a crash or a hang is known by the line that is missing; run again, it goes on behind that test.
Spawned workers import this file again, so what runs the tests stands behind the guard. `importlib.metadata` is imported
because some tests empty `sys.path` and rely on it, as under CPython's own runner.
"""

import importlib
import importlib.metadata
import importlib.util
import inspect
import json
import os
import pkgutil
import signal
import sys
import time
import traceback
import unittest

# Not in every installation; `test._test_multiprocessing` holds the tests, and these files only instantiate them.
DRIVERS = {
    f"test_multiprocessing_{method}": f"""
import unittest
import test._test_multiprocessing
from test import support
if support.PGO:
    raise unittest.SkipTest("test is not helpful for PGO")
test._test_multiprocessing.install_tests_in_module_dict(globals(), "{method}")
if __name__ == "__main__":
    unittest.main()
"""
    for method in ("fork", "forkserver", "spawn")
}


def identity(test):
    """The test's name; some of the suites' tests have an attribute `id` of their own."""
    return type(test).id(test)


class Results(unittest.TestResult):
    """Writes each outcome as it comes; a test with failing subtests has failed."""

    def __init__(self, path):
        super().__init__()
        self.file = open(path, "a", encoding="utf-8")
        self.outcome = None

    def write(self, **line):
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()

    def startTest(self, test):
        super().startTest(test)
        self.outcome = ("passed", "")
        self.begin = time.monotonic()
        self.write(id=identity(test), event="start")

    def stopTest(self, test):
        super().stopTest(test)
        if self.outcome is None:
            # 3.12.1 tells of the end of skipped tests, and not of their start.
            return
        outcome, detail = self.outcome
        seconds = round(time.monotonic() - self.begin, 3)
        self.write(id=identity(test), event="end", outcome=outcome, detail=detail, seconds=seconds)
        self.outcome = None

    def note(self, test, outcome, detail):
        if self.outcome is not None:
            self.outcome = (outcome, detail)
        else:
            # A module or class that could not be set up, or was skipped as a whole.
            self.write(id=identity(test), event="end", outcome=outcome, detail=detail, seconds=0)

    def addError(self, test, error):
        self.note(test, "error", shown(error))

    def addFailure(self, test, error):
        self.note(test, "failed", shown(error))

    def addSubTest(self, test, subtest, error):
        if error is not None:
            failed = issubclass(error[0], test.failureException)
            self.note(test, "failed" if failed else "error", f"{subtest}\n{shown(error)}")

    def addSkip(self, test, reason):
        if self.outcome is None or self.outcome[0] == "passed":
            self.note(test, "skipped", reason)

    def addExpectedFailure(self, test, error):
        self.note(test, "expected failure", "")

    def addUnexpectedSuccess(self, test):
        self.note(test, "failed", "unexpected success")


def shown(error):
    """The end of a traceback, which names the cause."""
    return "".join(traceback.format_exception(*error))[-3000:]


def adapt_support():
    """A suite of a newer Python asks its `test.support` for a little more than this one's has."""
    from test import support

    # Nothing here is built with a sanitizer, and everything with the GIL.
    def passes(*args, **kwds):
        return lambda test: test

    support.Py_GIL_DISABLED = getattr(support, "Py_GIL_DISABLED", False)
    support.requires_gil_enabled = getattr(support, "requires_gil_enabled", passes)
    check = getattr(support, "check_sanitizer", None)
    if check and "thread" not in inspect.signature(check).parameters:
        support.check_sanitizer = lambda **kwds: False
        support.skip_if_sanitizer = passes


def load(results, name):
    """Yields the tests of a suite, and of all modules below it where it is a package."""
    if name in DRIVERS and importlib.util.find_spec(f"test.{name}") is None:
        folder = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(folder, f"{name}.py"), "w", encoding="utf-8") as file:
            file.write(DRIVERS[name])
    # A suite beside this file was put there: the installation lacks it, or the suite is not CPython's.
    beside = importlib.util.find_spec(name.partition(".")[0]) is not None
    if beside and name not in DRIVERS:
        adapt_support()
    name = name if beside else f"test.{name}"
    names = [name]
    module = attempt(results, name)
    if hasattr(module, "__path__"):
        names = list(suites_below(results, module))
    loader = unittest.TestLoader()
    if hasattr(module, "__path__"):
        # A package's `load_tests` is not called: it finds the tests of the package's modules, which come below.
        for case in vars(module).values():
            if isinstance(case, type) and issubclass(case, unittest.TestCase) and case.__module__ == name:
                yield from loader.loadTestsFromTestCase(case)
    for name in names:
        module = attempt(results, name)
        if module is not None:
            yield from flat(loader.loadTestsFromModule(module))


def suites_below(results, package):
    """The suite is all the modules of the package and of those in it; all other files are the tests' data."""
    for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
        name = f"{package.__name__}.{found.name}"
        if found.name.startswith("test_") and not found.ispkg:
            yield name
        elif found.ispkg and "data" not in found.name:
            module = attempt(results, name)
            if module is not None:
                yield from suites_below(results, module)


def attempt(results, name):
    """The module; where it cannot be imported, the test of its name fails with the error."""
    try:
        return importlib.import_module(name)
    except unittest.SkipTest as reason:
        results.write(id=name, event="end", outcome="skipped", detail=str(reason), seconds=0)
    except Exception:
        detail = shown(sys.exc_info())
        results.write(id=name, event="end", outcome="error", detail=detail, seconds=0)
    return None


def flat(tests):
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            yield from flat(test)
        else:
            yield test


def main():
    name, path, *only = sys.argv[1:]
    # Ignored in commands that a shell runs in the background, and then in all that is started here; the suites send it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    seen = set()
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            seen = {json.loads(line).get("id") for line in file}
    results = Results(path)
    if importlib.util.find_spec("adapter") is not None:
        importlib.import_module("adapter").adapt(name)
    if os.environ.pop("WITHOUT_RESOURCES", ""):
        # As CPython's own runner does without `-u`; a suite that is run alone has all of them.
        from test import support

        support.use_resources = {}
    tests = load(results, name)
    chosen = [test for test in tests if identity(test) not in seen and (not only or identity(test) in only)]
    # A flat suite still sets up modules and classes, for the tests stay in their order.
    unittest.TestSuite(chosen).run(results)
    results.write(event="done")


if __name__ == "__main__":
    main()
