"""The service under test: where its package is, and what `pytest.ini` says about it."""

import configparser
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class Service:
    """A service in the folder `root`, whose code is in `src/<package>`."""

    root: Path
    package: str

    @property
    def source(self) -> str:
        """The folder of its code, relative to `root`."""
        return f"src/{self.package}"

    @property
    def modules_folder(self) -> str:
        """The folder of its modules, relative to `root`."""
        return f"{self.source}/modules"

    @property
    def modules(self) -> list[str]:
        """The names of its modules, sorted: files and folders with Python code, also where it is in a subfolder only."""
        folder = self.root / self.modules_folder
        names = {file.relative_to(folder).parts[0].removesuffix(".py") for file in folder.rglob("*.py")}
        return sorted(names - {"__init__"})


def service_of(config: pytest.Config) -> Service:
    """Return the service whose tests pytest runs; raise UsageError if `service_package` does not name it."""
    return find_service(config.rootpath, config.getini("service_package"))


def find_service(root: Path, package: str) -> Service:
    """Return the service with this package; raise UsageError if there is no such package in `src/`."""
    service = Service(root, package)
    if not package.isidentifier() or not root.joinpath(service.source).is_dir():
        raise pytest.UsageError(
            f"pytest.ini: service_package is {package!r}; it must be the name of the package in src/."
        )
    return service


def read_settings(root: Path) -> Mapping[str, str]:
    """Return the settings in the `pytest.ini` of a service, for a program that runs outside of pytest."""
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(root / "pytest.ini", encoding="utf-8")
    return settings["pytest"]
