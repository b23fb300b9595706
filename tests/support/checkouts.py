"""Git repositories for running pre-commit hooks."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .services import ROOT, Service

IDENTITY = {f"GIT_{role}_{what}": "tests@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
OFFERED = (
    "hooks",
    "src",
    "template",
    "copier.yml",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    ".pre-commit-hooks.yaml",
    "CHANGELOG.md",
)


@dataclass(frozen=True)
class Checkout:
    """A git repository with its own cache of pre-commit."""

    folder: Path
    cache: Path
    environment: Path | None = None
    """The environment of `uv run`; by default uv creates one in the folder."""

    def run(self, *command: str, expect: int = 0, skip: str = "") -> str:
        """Run a command without the hooks in `skip` and return its output; another exit code fails the test."""
        run = subprocess.run(
            command, cwd=self.folder, env=self.variables(skip), capture_output=True, text=True, check=False
        )
        output = run.stdout + run.stderr
        assert run.returncode == expect, f"{' '.join(command)} exited {run.returncode}:\n{output}"
        return output

    def add(self, file: str, text: str) -> None:
        """Write a file and stage it."""
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.run("git", "add", "--force", file)

    def commit(self, expect: int = 0, skip: str = "") -> str:
        """Commit the staged files."""
        return self.run("git", "commit", "--message", "A change", expect=expect, skip=skip)

    def restore(self) -> None:
        """Discard uncommitted changes."""
        self.run("git", "reset", "--quiet", "--hard")

    def variables(self, skip: str) -> dict[str, str]:
        """Return the environment variables of commands, without the hooks in `skip`."""
        ours = ("COVERAGE_", "GIT_", "PYTEST_", "PYTHONPATH", "VIRTUAL_ENV")
        variables = {name: value for name, value in os.environ.items() if not name.startswith(ours)} | IDENTITY
        if self.environment:
            # The service is not installed in it.
            variables |= {
                # From the folder of the service, which may be a subfolder.
                "PYTHONPATH": "src",
                "UV_NO_SYNC": "1",
                "UV_PROJECT_ENVIRONMENT": str(self.environment),
            }
        return variables | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PRE_COMMIT_HOME": str(self.cache),
            "SKIP": skip,
            "UV_PYTHON": sys.executable,
        }


def check_out(folder: Path, environment: Path | None = None) -> Checkout:
    """Create a repository in a folder and commit all files."""
    checkout = Checkout(folder, folder.with_name(f"{folder.name}.pre-commit"), environment)
    checkout.run("git", "init", "--quiet", "--initial-branch", "main")
    checkout.run("git", "add", "--all")
    checkout.run("git", "commit", "--quiet", "--allow-empty", "--message", "The beginning")
    return checkout


def check_out_service(service: Service, folder: Path) -> Checkout:
    """Copy a service, lock and install its dependencies, and create a repository."""
    shutil.copytree(service.folder, folder, ignore=shutil.ignore_patterns(".*_cache", "__pycache__"))
    Checkout(folder, folder).run("uv", "sync", "--quiet")
    return check_out(folder)


def check_out_hooks(folder: Path) -> Checkout:
    """Return a repository with the hooks of the working tree."""
    folder.mkdir()
    for name in OFFERED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    return check_out(folder)
