"""Owns when runs end without being told to: at exit, by exception, in a child.

The hooks are put in at the first `init` and call what was there before. A run
belongs to the process that opened it: in a forked child, no hook touches it.
Where a scheduler may take the machine away, SIGTERM says so, in scripts that have
no handler of their own; elsewhere it is left alone, and a process that dies without
a word is the daemon's to notice.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import NoReturn

    from ._run import Run

_runs: list[Run] = []
_exit_code = 0
_installed = False
_SCHEDULED = ("SLURM_JOB_ID", "PANNIER_JOB", "KUBERNETES_SERVICE_HOST")
_forking = threading.local()  # the signals that a thread held up before it forks
_worker = 0  # the multiprocessing child in which the hook was put in


def started(run: Run) -> None:
    """Takes note of a run, to end it with the process at the latest."""
    _install()
    _install_in_worker()
    _runs.append(run)


def ended(run: Run) -> None:
    """Forgets a run that was finished."""
    if run in _runs:
        _runs.remove(run)


def active() -> list[Run]:
    """The runs that this very process has open, oldest first."""
    pid = os.getpid()
    return [run for run in _runs if run._pid == pid]


def exit_code_of(kind: type[BaseException] | None, error: BaseException | None) -> int:
    """What a process that ends with this exception would exit with."""
    if kind is None:
        return 0
    if issubclass(kind, SystemExit):
        code = getattr(error, "code", None)
        return 0 if code is None else code if isinstance(code, int) else 1
    return 130 if issubclass(kind, KeyboardInterrupt) else 1


def _install() -> None:
    global _installed
    if _installed:
        return
    _installed = True
    atexit.register(_at_exit)
    previous_hook = sys.excepthook
    previous_exit = sys.exit

    def excepthook(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        global _exit_code
        _exit_code = exit_code_of(kind, error)
        # It prints the traceback, which the console of a run still open records.
        previous_hook(kind, error, trace)

    def exit(code: object = None) -> NoReturn:
        global _exit_code
        if threading.current_thread() is threading.main_thread():
            _exit_code = exit_code_of(SystemExit, SystemExit(code))
        previous_exit(code)  # type: ignore[arg-type]

    sys.excepthook = excepthook
    sys.exit = exit
    if any(os.environ.get(name) for name in _SCHEDULED):
        _install_on_term()


def _install_on_term() -> None:
    """Hears SIGTERM, if nobody else does."""
    if threading.current_thread() is not threading.main_thread():
        return  # Python takes handlers from there only
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_term)
        # A child that is told to go should go at once, as if we were not here. A
        # signal between its birth and our leaving waits for that.
        os.register_at_fork(
            before=_hold_term, after_in_parent=_heed_term, after_in_child=_leave_term
        )


def _hold_term() -> None:
    _forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _heed_term() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _forking.mask)


def _leave_term() -> None:
    if signal.getsignal(signal.SIGTERM) is _on_term:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _heed_term()


def _on_term(number: int, _frame: FrameType | None) -> None:
    runs = active()
    for run in runs:
        run.mark_preempting()
    # Whoever put a handler of his own in the place of this one, and calls it from
    # there, decides himself when to go; the first process of a container, without a
    # handler, would not hear the signal at all.
    if signal.getsignal(number) is not _on_term or os.getpid() == 1:
        return
    for run in reversed(runs):
        run.finish(exit_code=128 + number)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _install_in_worker() -> None:
    """A child of `multiprocessing` ends without `atexit`, but asks its own list."""
    global _worker
    util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if util is None or process is None or _worker == os.getpid():
        return
    if process.parent_process() is not None:
        _worker = os.getpid()
        util.Finalize(None, _at_worker_exit, exitpriority=0)


def _at_exit() -> None:
    _end_all(_exit_code or _code_of_launcher())


def _at_worker_exit() -> None:
    kind, error, _ = sys.exc_info()  # what ends the worker is in flight, up to Python 3.12
    if kind is None:
        _at_exit()
    else:
        _end_all(exit_code_of(kind, error))


def _code_of_launcher() -> int:
    """From Python 3.13 on, a worker's exit code is a local of the function that ends it."""
    if _worker == os.getpid() and sys.version_info >= (3, 13):
        frame = sys._getframe()
        while frame.f_back is not None:
            frame = frame.f_back
            code = frame.f_locals.get("code")
            name = frame.f_globals.get("__name__", "")
            if isinstance(code, int) and name.startswith("multiprocessing."):
                return code
    return 0


def _end_all(exit_code: int) -> None:
    for run in reversed(active()):
        run.finish(exit_code=exit_code)
