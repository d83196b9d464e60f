"""What did it cost?  One line `name=... rows=... dims=... wall=... cpu=... rss_mb=...` for test/bench/report.py."""
import resource
import time


class Measure:
    def __init__(self, name):
        self.name = name
        self.wall = time.time()
        self.cpu = self._cpu()

    @staticmethod
    def _cpu():
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime

    def done(self, rows, dims):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print("name=%s rows=%d dims=%d wall=%.3f cpu=%.3f rss_mb=%.0f"
              % (self.name, rows, dims, time.time() - self.wall, self._cpu() - self.cpu, peak))
