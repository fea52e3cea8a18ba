"""A disk that takes its time: a library before a process's own ``fsync``, which waits while a flag is up."""

from pathlib import Path

from tests.chaos.preload import library

FLAG = "slow-disk"
WAIT_S = 4

SOURCE = """
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static void wait_if_slow(void) {
  const char *flag = getenv("CHAOS_SLOW_FLAG");
  if (flag && access(flag, F_OK) == 0) sleep(%d);
}
int fsync(int file) { wait_if_slow(); return syscall(SYS_fsync, file); }
int fdatasync(int file) { wait_if_slow(); return syscall(SYS_fdatasync, file); }
"""


def environment(folder: Path) -> dict[str, str]:
    """For the process whose disk is slow while ``FLAG`` is up in ``folder``. Raises CalledProcessError."""
    shared = library(SOURCE % WAIT_S, folder / "slow")
    return {"LD_PRELOAD": str(shared), "CHAOS_SLOW_FLAG": str(folder / "flags" / FLAG)}
