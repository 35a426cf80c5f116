"""Coverage-guided fuzzing of the parsers with atheris (``pip install atheris``, Linux).

python -m tests.fuzz --runs 1000000                 # divided among all parsers, one after the other
python -m tests.fuzz png --runs 100000 --seconds 60 # of one parser

Ends with status 1 where a parser raises anything but an error of ours, takes 10 s for one input, or where the memory of
its process passes ``--memory``; the input is printed as base64.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

CHILD: Final = "--child"
INSTRUMENTED: Final = ["rfhydra", "wave", "tarfile", "numpy.lib", "PIL"]
MAX_INPUT_BYTES: Final = 8192
MAX_INPUT_SEC: Final = 10
_DONE: Final = re.compile(r"stat::number_of_executed_units: +(\d+).*stat::peak_rss_mb: +(\d+)", re.DOTALL)
_COVERAGE: Final = re.compile(r"cov: (\d+)")


def fuzz(name: str, options: list[str]) -> None:
    """Feed one parser in this process, which ends with it; ``options`` are those of libFuzzer."""
    import atheris  # only here: the process that starts the others needs no coverage

    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.fuzz.parsers import TARGETS
    target = TARGETS[name]

    def feed(data: bytes) -> None:
        target.try_parse(data)

    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.seeds):
            Path(corpus, str(number)).write_bytes(seed)
        atheris.Setup([name, *options, corpus], feed)
        atheris.Fuzz()


def report(name: str, runs: int, seconds: int, memory_mib: int) -> tuple[int, bool]:
    """Feed one parser in a process of its own and print a line about it.

    Returns:
        The number of inputs, and whether all were handled.
    """
    options = [
        f"-runs={runs}",
        f"-max_total_time={seconds}",
        f"-rss_limit_mb={memory_mib}",
        f"-timeout={MAX_INPUT_SEC}",
        f"-max_len={MAX_INPUT_BYTES}",
        "-print_final_stats=1",
    ]
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "tests.fuzz", name, CHILD, *options, f"-artifact_prefix={directory}/"]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    found, coverage = _DONE.search(done.stderr), _COVERAGE.findall(done.stderr)
    if done.returncode != 0 or found is None:
        print(f"{name}: status {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}", flush=True)
        return 0, False
    print(f"{name}: {int(found[1]):,} inputs, {coverage[-1]} edges, at most {found[2]} MiB", flush=True)
    return int(found[1]), True


def main() -> int:
    from tests.fuzz.parsers import TARGETS

    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target", nargs="?", choices=sorted(TARGETS))
    parser.add_argument("--runs", type=int, default=100_000, help="inputs, of all parsers together")
    parser.add_argument("--seconds", type=int, default=600, help="time of all parsers together")
    parser.add_argument("--memory", type=int, default=1024, help="MiB of a process")
    given = parser.parse_args()
    names = [given.target] if given.target else list(TARGETS)
    runs, seconds = -(-given.runs // len(names)), max(1, given.seconds // len(names))
    results = [report(name, runs, seconds, given.memory) for name in names]
    print(f"{sum(count for count, _ in results):,} inputs")
    return 0 if all(fine for _, fine in results) else 1


if __name__ == "__main__":
    if sys.argv[2:3] == [CHILD]:
        fuzz(sys.argv[1], sys.argv[3:])
    else:
        sys.exit(main())
