"""Reports uncaught exceptions with the source lines of modules that lie in a Coldframe archive.

Before Python 3.13 the interpreter's own report opens the source files itself, so it shows no line of an archive's
modules; `traceback` asks their loader. The finder imports this module when it is installed, on those versions only.
"""

import _thread
import sys

_report = sys.excepthook
_report_thread = _thread._excepthook


def _limit():
    """Give `sys.tracebacklimit` as `traceback` takes it: the interpreter keeps the last frames, and ignores what is no number."""
    limit = getattr(sys, "tracebacklimit", None)
    return -min(limit, sys.maxsize) if isinstance(limit, int) else -1000


def _is_hidden():
    """Tell whether the report has no frame at all, and so no heading: the interpreter's own needs no lines for that."""
    return _limit() >= 0


def excepthook(exc_type, exc_value, exc_traceback, /):
    """Handle an exception by displaying it with a traceback on sys.stderr."""
    if sys.stderr is None:
        return
    try:
        if _is_hidden():
            _report(exc_type, exc_value, exc_traceback)
        else:
            import traceback

            traceback.print_exception(exc_type, exc_value, exc_traceback, _limit())
    except Exception:
        # Such as a stack that is still exhausted; or a standard library without `traceback`.
        _report(exc_type, exc_value, exc_traceback)
    if exc_type is KeyboardInterrupt:
        # The interpreter notes that one ended its program, and then dies of SIGINT; a text that is executed, as by
        # imports of the above, makes it forget (`run_eval_code_obj` in `Python/pythonrun.c`, 3.9 to 3.12). This notes it
        # again.
        try:
            exec("raise KeyboardInterrupt")
        except KeyboardInterrupt:
            pass


def _excepthook(args, /):
    """Handle uncaught Thread.run() exception."""
    if args.exc_type is SystemExit:
        return
    if _is_hidden():
        _report_thread(args)
        return
    thread = args.thread
    # The thread keeps the stream that was there when it started, for the time when `sys` is being torn down.
    file = sys.stderr or (thread is not None and thread._stderr)
    if not file:
        return
    name = _thread.get_ident() if thread is None else thread.name
    print(f"Exception in thread {name}:", file=file, flush=True)
    import traceback

    traceback.print_exception(args.exc_type, args.exc_value, args.exc_traceback, _limit(), file)
    file.flush()


def install():
    """Take the place of the interpreter's own functions; `threading` will find ours when it is imported."""
    sys.excepthook = sys.__excepthook__ = excepthook
    # `threading` shows it as its own, and `help()` and tests look at where it is from.
    _excepthook.__module__, _excepthook.__doc__ = _thread._excepthook.__module__, _thread._excepthook.__doc__
    _thread._excepthook = _excepthook
