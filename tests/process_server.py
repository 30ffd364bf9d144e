"""A server that forks processes of `comethooks` for tests, as a program: it has imported, and does
nothing but fork. Its first argument is the number of the socket that it is asked on, the others are
the modules to import. `tests/command_processes.py` starts it, and asks it.

It imports nothing of ours but these: what it forks shall have no module that it would not have.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys

PROGRAM = "comethooks.cli"
LARGEST_REQUEST = 2**17
LARGEST_ANSWER = 32


def serve(requests: socket.socket) -> bytes:
    """Fork for each request, until there is nobody who could ask; then ask what runs to stop.
    Returns in each process that was forked, with the request; in the server, never.
    """
    running: dict[int, tuple[int, int]] = {}
    news = select.poll()
    news.register(requests, select.POLLIN)
    while True:
        for handle, _ in news.poll():
            if handle in running:
                news.unregister(handle)
                os.close(handle)
                _tell_the_end(*running.pop(handle))
                continue
            request, files, *_ = socket.recv_fds(requests, LARGEST_REQUEST, 3)
            if not request:
                for each in running:
                    signal.pidfd_send_signal(each, signal.SIGTERM)
                os._exit(0)
            answers, *output = files
            pid = os.fork()
            if not pid:
                for number, file in enumerate(output, start=1):
                    os.dup2(file, number)
                requests.detach()  # its number may soon be that of another file
                os.closerange(3, os.sysconf("SC_OPEN_MAX"))
                return request
            handle = os.pidfd_open(pid)
            _tell_the_beginning(pid, handle, answers)
            running[handle] = pid, answers
            news.register(handle, select.POLLIN)
            for file in output:
                os.close(file)


def _tell_the_beginning(pid: int, handle: int, answers: int) -> None:
    told = socket.socket(fileno=answers)
    with contextlib.suppress(OSError):  # whoever asked has gone
        socket.send_fds(told, [str(pid).encode()], [handle])
    told.detach()


def _tell_the_end(pid: int, answers: int) -> None:
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):
        os.write(answers, str(os.waitstatus_to_exitcode(status)).encode())
    os.close(answers)


def become(request: bytes) -> None:
    """Go on as what was asked for, in what was forked."""
    arguments, environ, cwd, umask, safe_path = json.loads(request)
    os.setsid()
    os.umask(umask)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    if not safe_path:
        sys.path.insert(0, os.getcwd())
    sys.argv[1:] = arguments
    gc.enable()
    runpy.run_module(PROGRAM, run_name="__main__", alter_sys=True)


def main() -> None:
    """Import, serve, and be what is forked."""
    gc.disable()  # what is not looked through stays shared
    for module in sys.argv[2:]:
        importlib.import_module(module)
    gc.freeze()
    become(serve(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
