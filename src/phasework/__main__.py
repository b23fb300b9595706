"""Runs the command line: `python -m phasework`."""

from .cli import main

if __name__ == "__main__":
    main()
