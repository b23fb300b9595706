"""The environments of services; each contains exactly the declared dependencies."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "build" / "environments"


def environment_of(service: Path, python: Path, extra: tuple[str, ...] = ()) -> Path:
    """Return an environment with the dependencies in the service's pyproject.toml and the requirements in `extra`.

    Services with the same dependencies share one.
    """
    environment = FOLDER / _key(service / "pyproject.toml", python, extra)
    complete = environment / ".complete"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with locked(environment.with_suffix(".lock")):
        if not complete.exists():
            _install(service, environment, python, extra)
            complete.touch()
    return environment


@cache
def find_python(version: str) -> Path | None:
    """Return a Python of this version, or None."""
    return next((path for path in _candidates(version) if _is_version(path, version)), None)


def _key(pyproject: Path, python: Path, extra: tuple[str, ...]) -> str:
    declared = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    content = (declared["project"]["dependencies"], declared["dependency-groups"], python, extra)
    return hashlib.sha256(repr(content).encode()).hexdigest()[:12]


def _install(service: Path, environment: Path, python: Path, extra: tuple[str, ...]) -> None:
    variables = os.environ | {"UV_PROJECT_ENVIRONMENT": str(environment), "UV_PYTHON": str(python)}
    _uv("sync", "--no-install-project", cwd=service, env=variables)
    (service / "uv.lock").unlink()
    if extra:
        _uv("pip", "install", "--python", str(environment), *extra, cwd=service, env=variables)
    _link_compiled(environment)


def _link_compiled(environment: Path) -> None:
    """Link the compiled files of other environments: to compile the libraries again takes longer than a small suite.

    Python compares the time and size of a source with those in its compiled file. uv links each source from its cache.
    """
    for compiled in sorted(FOLDER.glob("*/lib/python*/site-packages/**/__pycache__/*.pyc")):
        target = environment / Path(*compiled.relative_to(FOLDER).parts[1:])
        if target.parents[1].is_dir() and not target.exists():
            target.parent.mkdir(exist_ok=True)
            target.hardlink_to(compiled)


def _uv(*arguments: str, cwd: Path, env: Mapping[str, str]) -> None:
    uv = Path(sys.executable).with_name("uv")
    variables = {name: value for name, value in env.items() if name != "VIRTUAL_ENV"}
    run = subprocess.run(
        [uv, "--quiet", *arguments], cwd=cwd, env=variables, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, f"uv {' '.join(arguments)} in {cwd}: {run.stderr}"


def _candidates(version: str) -> Iterator[Path]:
    yield Path(sys.executable)
    if on_path := shutil.which(f"python{version}"):
        yield Path(on_path)
    for home in (os.environ.get("PYENV_ROOT"), Path.home() / ".pyenv"):
        yield from sorted(Path(home or "/nowhere").glob(f"versions/{version}.*/bin/python"), reverse=True)


def _is_version(python: Path, version: str) -> bool:
    # pyenv has shims for versions that are not installed.
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    run = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False)
    return run.stdout.strip() == version


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a file lock within a `with` block."""
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def cache_of_types(environment: Path) -> Iterator[dict[str, str]]:
    """Yield the variable with which mypy uses the cache of all services that share an environment, one after the other."""
    cache = environment.with_suffix(".mypy")
    with locked(cache.with_suffix(".mypy-lock")):
        yield {"MYPY_CACHE_DIR": str(cache)}
