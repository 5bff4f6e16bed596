"""Patches for the faults that keep workers of `multiprocessing` from starting or ending right in a Coldframe application.

The launcher calls these functions when the module that they are about has been imported, and before anybody uses it.
"""

import functools
import os
import sys

import _coldframe

# The running program, even when its file was replaced; a child that executes it is the same program (`launcher/src/exe.rs`).
_RUNNING = b"/proc/self/exe"


def _stat(path):
    try:
        return os.stat(path)
    except OSError:
        return None


# The file that was started, for where there is no `/proc`.
_STARTED = _stat(sys.executable)


def patch_process(process):
    """For `multiprocessing.process`, and the copy in `multiprocess`: a worker ends when its parent has been killed."""
    bootstrap = process.BaseProcess._bootstrap

    # The method that every worker runs under each start method (CPython 3.9 to 3.15).
    def _bootstrap(self, parent_sentinel=None):
        _close_pipes_to_siblings(process._children)
        if parent_sentinel is not None:
            _coldframe.finder.end_with_parent(parent_sentinel)
        return bootstrap(self, parent_sentinel)

    process.BaseProcess._bootstrap = _bootstrap


def _close_pipes_to_siblings(children):
    """A forked worker holds the parent's ends of the pipes that tell its siblings whether the parent is there.

    `children` are those that the parent had when it forked; a spawned worker has none.
    """
    for popen in [child._popen for child in children]:
        finalizer = getattr(popen, "finalizer", None)
        if finalizer is not None and finalizer._args:
            # (parent_r, parent_w), and the other way round for the fork server (CPython 3.9 to 3.15).
            os.close(finalizer._args[0 if popen.method == "forkserver" else 1])


def patch_util(util):
    """For `multiprocessing.util`, and the copy of it in `multiprocess`."""
    spawn = util.spawnv_passfds

    def spawnv_passfds(path, args, passfds):
        # The resource tracker passes `sys.stderr.fileno()` on. A stream that somebody put in its place may say -1,
        # which the call refuses, and then no worker starts (CPython 3.9 to 3.15).
        return spawn(_program(path), args, [fd for fd in passfds if fd >= 0])

    util.spawnv_passfds = spawnv_passfds


def _program(path):
    """The program to execute for a worker: this very one, also when another has its name by now, or nothing has.

    Functions and objects go from one process to the other, so an application that is updated while it runs must not get
    workers of its successor. The worker takes its path from the program's name, which stays.
    """
    if os.fsencode(path) != os.fsencode(sys.executable):
        return path
    found, running = _stat(path), _stat(_RUNNING)
    if running is not None:
        return path if found is not None and os.path.samestat(found, running) else _RUNNING
    if _STARTED is not None and (found is None or not os.path.samestat(found, _STARTED)):
        raise RuntimeError(
            f"cannot start a worker: `{sys.executable}` was replaced or removed while it runs, and without `/proc` the "
            "program that runs cannot be started again; start the application anew"
        )
    return path


def patch_multiprocess(spawn):
    """For `multiprocess.spawn`: a frozen program's command line would be the same as that of `multiprocessing`."""

    def get_command_line(**kwds):
        arguments = ", ".join("%s=%r" % item for item in kwds.items())
        program = f"from multiprocess.spawn import spawn_main; spawn_main({arguments})"
        return [spawn.get_executable(), "-c", program, "--multiprocessing-fork"]

    spawn.get_command_line = get_command_line


def explain_start_method(module):
    """For `multiprocessing`, when its method has been set: the error of a second call gets a note with the way out.

    The call itself stays an error, as Python documents.
    """
    set_start_method = module.set_start_method

    @functools.wraps(set_start_method)
    def explained(*arguments, **keywords):
        try:
            return set_start_method(*arguments, **keywords)
        except RuntimeError as error:
            _add_note(error, START_METHOD_NOTE)
            raise

    module.set_start_method = explained


START_METHOD_NOTE = (
    "Coldframe sets the start method when `multiprocessing` is imported. Name another one by the setting "
    "`multiprocessing-start-method` (or `--start-method` of `coldframe`), `none` to leave it to the code, or call "
    "`set_start_method(..., force=True)`."
)


def _add_note(error, note):
    if hasattr(error, "add_note"):  # from 3.11
        error.add_note(note)
    else:
        _coldframe.finder.log(note)


def patch_pool(pool):
    """For `multiprocessing.pool`: a task that a worker cannot read fails, where the pool would wait for it for ever.

    A worker that does not find a task's function ends (CPython 3.9 to 3.15, `Pool.map` of a function that `__main__` does not
    have there); the task is lost, and nobody tells the parent.
    """
    worker = pool.worker

    def patched(inqueue, *arguments, **keywords):
        # Threads have queues of objects, which need no reading.
        queue = _Tasks(inqueue) if hasattr(inqueue, "_reader") else inqueue
        return worker(queue, *arguments, **keywords)

    # It is pickled by its name.
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(patched, name, getattr(worker, name))
    patched.__wrapped__ = worker
    pool.worker = patched


class _Tasks:
    """A worker's queue of tasks, each of which can be read at least as far as its number."""

    def __init__(self, queue):
        self._queue = queue
        self._writer = queue._writer

    def get(self):
        with self._queue._rlock:
            data = self._queue._reader.recv_bytes()
        from multiprocessing.reduction import ForkingPickler

        try:
            return ForkingPickler.loads(data)
        except Exception as error:
            return _without_what_is_missing(data, error)


def _without_what_is_missing(data, error):
    """The task's number, with a function that raises the error in the place of a function that cannot be found."""
    import io
    import pickle

    class Missing:
        """Stands for a class or a function, and for objects of it, while the task is read."""

        def __new__(cls, *arguments, **keywords):
            return object.__new__(cls)

        def __init__(self, *arguments, **keywords):
            pass

        def _take(self, *arguments):
            pass

        __setstate__ = __setitem__ = append = extend = add = update = _take

    class Unpickler(pickle.Unpickler):
        def find_class(self, module, name):
            try:
                return super().find_class(module, name)
            except (AttributeError, ImportError):
                return Missing

    def fail():
        raise error

    try:
        job, number, _function, _arguments, _keywords = Unpickler(io.BytesIO(data)).load()
    except Exception:
        # Not even its number can be read: the worker ends, as it would have done.
        raise error from None
    return job, number, fail, (), {}
