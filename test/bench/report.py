"""What do the measured lines say?  report.py < LINES: medians of each program and size, and how ours compares."""
import statistics
import sys
from collections import defaultdict

runs = defaultdict(lambda: defaultdict(list))
for line in sys.stdin:
    if line.startswith("name="):
        run = dict(pair.split("=", 1) for pair in line.split())
        runs[int(run["rows"]), int(run["dims"])][run["name"]].append({k: float(v) for k, v in run.items() if k != "name"})

print("| rows | dims | program | runs | wall s | min - max | rows/s | CPU s | peak MiB | ours / this |")
print("|---|---|---|---|---|---|---|---|---|---|")
for (rows, dims), programs in runs.items():
    def median(name, key):
        return statistics.median(run[key] for run in programs[name])
    ours = median("insert_select", "wall") if "insert_select" in programs else None
    for name in programs:
        wall = [run["wall"] for run in programs[name]]
        print("| %d | %d | %s | %d | %.2f | %.2f - %.2f | %.0f | %.2f | %.0f | %s |" % (
            rows, dims, name, len(wall), statistics.median(wall), min(wall), max(wall), rows / statistics.median(wall),
            median(name, "cpu"), median(name, "rss_mb"),
            "%.2f" % (ours / statistics.median(wall)) if ours and name != "insert_select" else ""))
