"""Runs a Python command line where no network is but loopback.

    python alone.py -m pytest tests/wandb

A new network namespace has no interface up. As root it is had for the asking;
anybody else needs a user namespace around it, in which their own id stays what
it was. Without either the command is not run: tests that claim to do without a
network must not have one."""

import ctypes
import errno
import fcntl
import os
import socket
import struct
import sys

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 1


def unshare(flags):
    """Leaves the namespaces that `flags` names, for new ones."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def leave_the_network():
    """This process, and all that it starts, have loopback from now on."""
    uid, gid = os.geteuid(), os.getegid()
    try:
        unshare(CLONE_NEWNET)
    except OSError as error:
        if error.errno != errno.EPERM:
            raise
        unshare(CLONE_NEWUSER | CLONE_NEWNET)
        for name, text in [("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")]:
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        name = b"lo".ljust(16, b"\0")
        answer = fcntl.ioctl(any_socket, SIOCGIFFLAGS, struct.pack("16sH14x", name, 0))
        flags = struct.unpack("16sH14x", answer)[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", name, flags | IFF_UP))


def main():
    """Leaves the network and becomes the command."""
    try:
        leave_the_network()
    except OSError as error:
        sys.exit(
            f"alone.py: no network namespace can be had here ({error}); run as root, or allow"
            " user namespaces (sysctl kernel.unprivileged_userns_clone=1)"
        )
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])


if __name__ == "__main__":
    main()
