"""A wall clock that can be set: a library before a process's own, which adds the seconds that a file holds.

The monotonic clock goes on as it does when the clock of a machine is set.
"""

from pathlib import Path

from tests.chaos.preload import library

FILE = "clock"

SOURCE = """
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long ahead(void) {
  const char *path = getenv("CHAOS_CLOCK_FILE");
  char text[32] = "0";
  int file = path ? open(path, O_RDONLY) : -1;
  if (file < 0) return 0;
  long length = read(file, text, sizeof text - 1);
  close(file);
  text[length > 0 ? length : 0] = 0;
  return atol(text);
}
int clock_gettime(clockid_t clock, struct timespec *now) {
  int failed = syscall(SYS_clock_gettime, clock, now);
  if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += ahead();
  return failed;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec exact;
  int failed = clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return failed;
}
time_t time(time_t *out) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (out) *out = exact.tv_sec;
  return exact.tv_sec;
}
"""


def environment(folder: Path) -> dict[str, str]:
    """For the process whose clock ``turn`` sets. Raises CalledProcessError."""
    shared = library(SOURCE, folder / "wrong_clock")
    return {"LD_PRELOAD": str(shared), "CHAOS_CLOCK_FILE": str(folder / FILE)}


def turn(folder: Path, ahead_s: int) -> None:
    """From now on the clock is ``ahead_s`` ahead of the machine's, or behind where that is less than 0."""
    fresh = folder / f"{FILE}.new"
    fresh.write_text(str(ahead_s))
    fresh.replace(folder / FILE)
