"""Small disks, media that cannot be written, and people without rights, for commands of a server of their own.

A disk is a file system in memory that only the server and its commands see (a namespace of Linux); where the system
does not permit that, `may_mount` says so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.programs import Programs

APART = """
import ctypes, os
_user, _group = os.getuid(), os.getgid()
_library = ctypes.CDLL(None, use_errno=True)
if _library.unshare(0x10000000 | 0x00020000):
    raise OSError(ctypes.get_errno(), "no namespace")
for _name, _text in (("setgroups", "deny"), ("uid_map", f"0 {_user} 1"), ("gid_map", f"0 {_group} 1")):
    with open(f"/proc/self/{_name}", "w") as _file:
        _file.write(_text)
if _library.mount(b"none", b"/", None, 0x44000, None):
    raise OSError(ctypes.get_errno(), "no mounts")
"""
"""Python with which a server leaves the mounts of the others."""
MOUNT = """
import ctypes, os, shutil
_library = ctypes.CDLL(None, use_errno=True)
def mount(folder, flags, options):
    if _library.mount(b"tmpfs", folder.encode(), b"tmpfs", flags, options.encode()):
        raise OSError(ctypes.get_errno(), folder)
"""
READ_ONLY, AGAIN = 1, 32
PLAIN = """
import ctypes
_head = (ctypes.c_uint32 * 2)(0x20080522, 0)
if ctypes.CDLL(None).capset(_head, (ctypes.c_uint32 * 6)()):
    raise OSError("no way to give rights up")
"""
"""Python with which a process of the administrator gives up reading what its owner may not read."""


@cache
def may_mount() -> bool:
    """Return whether the system lets a program mount something for itself."""
    return subprocess.run([sys.executable, "-c", APART], capture_output=True, check=False).returncode == 0


def disk(programs: Programs, source: Path, target: Path, *, free: int = 64 << 20, read_only: bool = False) -> None:
    """Copy a folder onto a disk of its own with so many bytes free."""
    target.mkdir()
    steps = f"""{MOUNT}
mount({str(target)!r}, 0, "size=96m")
shutil.copytree({str(source)!r}, {str(target)!r}, dirs_exist_ok=True)
_free = shutil.disk_usage({str(target)!r}).free - {free}
with open({str(target / "other")!r}, "wb") as _file:
    _file.write(bytes(max(0, _free)))
if {read_only}:
    mount({str(target)!r}, {READ_ONLY | AGAIN}, "")
os._exit(0)
"""
    ended = programs.run(folder=source, before=steps)
    assert ended.code == 0, ended


def taken_off(programs: Programs, target: Path) -> Path:
    """Return a copy of what is on a disk."""
    copy = target.with_name(f"{target.name}-taken-off")
    shutil.copytree(programs.inside(target), copy, ignore=shutil.ignore_patterns("other"))
    return copy
