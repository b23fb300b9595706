"""Import every file of services, with the Python of a service: `python imports.py FOLDER ...`.

Each service is imported by a copy of one process, which has imported the libraries and compiled the files: most services have
the same ones. Prints each file that fails, and exits with 1 if there is one.
"""

import os
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType
from typing import Any

# The group `performance` has the libraries of these tests. Alembic runs env.py.
NOT_IMPORTED = ("tests/performance/", "migrations/env.py")
OWN = ("src", "tests", "scripts", "migrations")


def sources(service: Path) -> Iterator[Path]:
    """Yield the Python files of a service, relative to its folder."""
    for folder in OWN:
        for file in sorted((service / folder).rglob("*.py")):
            path = file.relative_to(service)
            if not path.as_posix().startswith(NOT_IMPORTED):
                yield path


def import_libraries(services: list[Path]) -> None:
    """Import what the files of services import, other than their own files."""
    texts = [(service / path).read_text(encoding="utf-8") for service in services for path in sources(service)]
    names = {name for text in texts for name in re.findall(r"^(?:import|from) (\w[\w.]*)", text, re.MULTILINE)}
    own = {*OWN, *(folder.name for service in services for folder in (service / "src").iterdir())}
    for name in sorted(names):
        if name.partition(".")[0] not in own:
            with suppress(ImportError):
                import_module(name)


def compile_once(services: list[Path]) -> None:
    """Compile each source once, and let the import system use the result."""
    compiled: dict[Any, CodeType] = {}
    compile_source: Any = SourceFileLoader.source_to_code

    def from_source(self: SourceFileLoader, data: Any, path: str, **options: Any) -> CodeType:
        if data not in compiled:
            compiled[data] = compile_source(self, data, path, **options)
        return compiled[data]

    SourceFileLoader.source_to_code = from_source  # type: ignore[assignment,method-assign]
    for service in services:
        for path in sources(service):
            with suppress(SyntaxError):
                from_source(SourceFileLoader(path.stem, str(path)), (service / path).read_bytes(), str(path))


def import_file(path: Path) -> None:
    """Import a file of the service in the current folder."""
    if path.parts[0] == "migrations":
        spec = spec_from_file_location(path.stem, path)
        assert spec
        assert spec.loader
        spec.loader.exec_module(module_from_spec(spec))
        return
    parts = path.with_suffix("").parts
    import_module(".".join(parts[1:] if parts[0] == "src" else parts).removesuffix(".__init__"))


def import_service(service: Path) -> bool:
    """Import each file of a service, and return whether all could be imported."""
    os.chdir(service)
    sys.path[:0] = [str(service), str(service / "src")]
    passed = True
    for path in sources(service):
        try:
            import_file(path)
        except Exception:
            passed = False
            print(f"{service.name}/{path.as_posix()}:\n{traceback.format_exc()}", flush=True)
    return passed


def main(services: list[Path]) -> int:
    """Import the services, each in a process of its own."""
    sys.dont_write_bytecode = True
    import_libraries(services)
    compile_once(services)
    failed = False
    for service in services:
        process = os.fork()
        if not process:
            os._exit(0 if import_service(service) else 1)
        failed |= os.waitpid(process, 0)[1] != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main([Path(folder) for folder in sys.argv[1:]]))
