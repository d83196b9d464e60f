"""How does a double tell the test its port, and what it saw?

It prints `ready PORT` when it listens; what it saw goes to the file --log, one JSON object a line.
"""
import argparse
import json
import threading


class Double:
    def __init__(self, about, options=()):
        parser = argparse.ArgumentParser(description=about)
        parser.add_argument("--port", type=int, default=0)
        parser.add_argument("--log")
        for name, settings in options:
            parser.add_argument(name, **settings)
        self.args = parser.parse_args()
        self._log = open(self.args.log, "a", encoding="utf-8") if self.args.log else None
        self._lock = threading.Lock()

    def ready(self, port):
        print("ready", port, flush=True)

    def saw(self, **what):
        if self._log:
            with self._lock:
                self._log.write(json.dumps(what) + "\n")
                self._log.flush()


class Script:
    """Answers in order, the last one for ever; {"times": n} repeats one n times."""

    def __init__(self, answers):
        self._answers = [a for a in answers for _ in range(a.get("times", 1))]
        self._lock = threading.Lock()
        self._next = 0

    def next(self):
        with self._lock:
            answer = self._answers[min(self._next, len(self._answers) - 1)]
            self._next += 1
            return answer


def script_of(text):
    """JSON given on the command line, or @FILE."""
    return json.load(open(text[1:], encoding="utf-8")) if text.startswith("@") else json.loads(text)


def address(text):
    host, _, port = text.rpartition(":")
    return host, int(port)
