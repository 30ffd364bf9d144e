"""Being the first process of a container.

Whatever loses its parent in a container becomes a child of its first process, such as a program
that a handler has started and whose work-horse was killed. When that ends, somebody has to wait for
it, or it stays in the table of processes for as long as the container lives. And what the first
process has no handler for, the kernel keeps from it: a SIGTERM at the wrong moment would be lost.
"""

import os
import signal

_PASSED_ON = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_KILLED = 128
"""What a shell adds to the number of a signal, for the exit status of what it has killed."""


def leave_first_process() -> None:
    """In the first process of a container, go on in a child, and let the first one do nothing but
    pass signals on, wait for whatever ends, and end with that child. Anywhere else nothing happens.

    To be called before there are threads and connections: neither gets into the child.
    """
    if os.getpid() == 1:
        be_first_process()


def be_first_process() -> None:
    """Fork: this returns in the child, and never in the process that called it, which ends with the
    child's exit status, or with 128 and the number of the signal that has killed it.
    """
    # Until there are handlers: what arrives before must reach the child.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
    child = os.fork()
    if child:
        for signum in _PASSED_ON:
            signal.signal(signum, lambda number, _: os.kill(child, number))
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if child:
        os._exit(_end_of(child))


def _end_of(child: int) -> int:
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else _KILLED - code
