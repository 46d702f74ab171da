# Copyright (c) 2026, The founders of prexorcloud.production
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuzzes every reader, as many at once as there are processors: ./dev fuzz [SECONDS] [TARGET...].

Inputs that led somewhere new stay in .cache/fuzz for the next run; one that breaks a reader is in log/fuzz, beside the
log that says how to run it again.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from . import seeds

HERE = Path(__file__).resolve().parent
SECONDS = 600
# A whole process, the interpreter and its libraries included, in MiB.
MEMORY = 512
INPUT_BYTES = 65536


def fuzz(name: str, seconds: int, work: Path, logs: Path) -> str | None:
    """Fuzzes one target; None is a clean run, else where the log is."""
    corpus, found, log = work / "corpus" / name, logs / "fuzz" / name, logs / f"fuzz-{name}.log"
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        "-timeout=5",
        f"-rss_limit_mb={MEMORY}",
        f"-max_len={INPUT_BYTES}",
        f"-dict={HERE / 'words.dict'}",
        f"-artifact_prefix={found}/",
        # A seed stays even if it reaches nothing new: what is near it may.
        "-keep_seed=1",
        "-print_final_stats=1",
    ]
    command = [os.environ["FUZZ_PYTHON"], "-m", "tests.fuzz.fuzz", name, str(work / "context"), *options]
    with log.open("w", encoding="utf-8") as stream:
        stream.write(f"repeat: {' '.join(command[:5])} FILE\n")
        stream.flush()
        # The interpreter's own limits on memory do not see what the libraries allocate, libFuzzer's does.
        ended = subprocess.run(
            [*command, str(corpus), str(work / "seeds" / name)], stdout=stream, stderr=stream, check=False
        )
    return None if ended.returncode == 0 else str(log)


def summary(log: Path) -> str:
    """Runs and peak memory as libFuzzer's closing lines give them."""
    text = log.read_text(encoding="utf-8", errors="replace")
    runs = re.search(r"stat::number_of_executed_units: *(\d+)", text)
    memory = re.search(r"stat::peak_rss_mb: *(\d+)", text)
    return f"{runs[1] if runs else '?'} inputs, {memory[1] if memory else '?'} MiB"


def main() -> int:
    """Fuzz what was asked for; the exit status is 1 if a target broke."""
    from .targets import TARGETS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--logs", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("words", nargs="*")
    arguments = parser.parse_args()
    words: list[str] = arguments.words
    seconds = int(words.pop(0)) if words and words[0].isdigit() else SECONDS
    unknown = sorted(set(words) - set(TARGETS))
    if unknown:
        parser.error(f"no target {', '.join(unknown)}; there are: {', '.join(TARGETS)}")
    seeds.write(arguments.work)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        begun = time.monotonic()
        jobs = {
            pool.submit(fuzz, name, seconds, arguments.work, arguments.logs): name for name in words or list(TARGETS)
        }
        for job in concurrent.futures.as_completed(jobs):
            name, broken = jobs[job], job.result()
            failed += broken is not None
            verdict = f"BROKEN, see {broken}" if broken else "held"
            counts = summary(arguments.logs / f"fuzz-{name}.log")
            sys.stdout.write(f"{time.monotonic() - begun:6.0f} s  {name:<18} {counts:<34} {verdict}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(jobs) - failed} passed, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
