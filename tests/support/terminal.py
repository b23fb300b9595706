"""A program in a terminal, and the keys that a test presses."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pexpect
import pyte

WIDTH = 80
ENTER = "\r"
BACKSPACE = "\x7f"
CTRL_C = "\x03"
CTRL_D = "\x04"
CLEAR = "\x15"
UP = "\x1b[A"
DOWN = "\x1b[B"


class Terminal:
    """A program in a terminal, which is wide by default, so that lines do not wrap."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path | None = None,
        variables: Mapping[str, str] | None = None,
        width: int = 250,
    ) -> None:
        program, *arguments = command
        self.process = pexpect.spawn(
            program,
            arguments,
            dimensions=(500, width),
            encoding="utf-8",
            timeout=120,  # a busy machine needs a minute to write a service
            cwd=folder,
            # A prompt waits up to a second for the cursor position, which nothing reports here.
            env=dict(variables or os.environ) | {"PROMPT_TOOLKIT_NO_CPR": "1"},
        )
        self.screen = pyte.Screen(width, 500)
        self.stream = pyte.Stream(self.screen)

    def wait_for(self, text: str) -> None:
        """Wait until `text` has been printed."""
        self.process.expect_exact(text)
        self._show()

    def type(self, text: str) -> None:
        """Type `text` after the prompt is complete."""
        self.process.expect_exact("\x1b[?7h")
        self._show()
        self.process.send(text)

    def answer(self, question: str, text: str = "") -> None:
        """Wait for a question and answer it with `text` and Enter."""
        self.wait_for(question)
        self.type(text + ENTER)

    def finish(self) -> int:
        """Wait for the program to end and return the exit code."""
        self.process.expect(pexpect.EOF)
        self._show()
        self.process.close()
        assert self.process.exitstatus is not None, "ended by a signal"
        return self.process.exitstatus

    @property
    def lines(self) -> list[str]:
        """The lines on the screen."""
        return [line.rstrip() for line in self.screen.display if line.strip()]

    def _show(self) -> None:
        self.stream.feed(f"{self.process.before}{self.process.after if isinstance(self.process.after, str) else ''}")
