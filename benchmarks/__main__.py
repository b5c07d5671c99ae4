"""Run every benchmark that needs nothing but this project; ``--decoys FOLDER`` adds the decoys under load."""

import argparse
import subprocess
import sys

ALONE = ("runtime", "bus", "journal", "decoys", "files", "geoip")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--decoys", metavar="FOLDER", help="folder of the load generator; see benchmarks.under_load.py")
    arguments = parser.parse_args()
    commands = [[sys.executable, "-m", f"benchmarks.{name}"] for name in ALONE]
    if arguments.decoys:
        commands.append([sys.executable, "-m", "benchmarks.under_load", "--bench", arguments.decoys])
    failed = 0
    for command in commands:
        print(f"\n## {command[2]}\n", flush=True)
        failed |= subprocess.run(command, check=False).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
