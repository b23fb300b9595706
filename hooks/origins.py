"""Follows a full name to where it is defined: through the imports, aliases and base classes of the project."""

from dataclasses import dataclass, replace
from typing import Literal

from .modules import parent
from .outline import Binding, Outline, outline
from .project import Project

MAX_STEPS = 20
"""Names that stand for other names. More are a circle."""

Kind = Literal["library", "module", "class", "function", "value", "unknown"]


@dataclass(frozen=True, slots=True)
class Origin:
    """What a full name is."""

    kind: Kind
    name: str
    """The full name in a library, or the name in the file, such as `Class.method`."""
    file: str = ""
    """The file of the project that defines it; empty for a library."""
    rest: tuple[str, ...] = ()
    """The attributes of it that follow."""
    is_result: bool = False
    """Whether the name stands for the result of a call: an object of the class."""
    decorators: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    inherits: str = ""
    """The full name in a library, if a class of the project may inherit it from there."""


def origin(project: Project, near: str, full: str, steps: int = MAX_STEPS) -> Origin:
    """Return what a full name in the file `near` stands for."""
    level = len(full) - len(full.lstrip("."))
    parts = full[level:].split(".")
    dots = full[:level]
    for count in range(len(parts), 0 if not dots else -1, -1):
        file = find_file(project, near, dots + ".".join(parts[:count]))
        if file and count == len(parts):
            return Origin("module", full, file)
        if file:
            return in_file(project, file, parts[count:], steps)
    if dots or project.modules.is_first_party(parts[0]):
        return Origin("unknown", full)
    return Origin("library", full)


def in_file(project: Project, file: str, parts: list[str], steps: int) -> Origin:
    """Return what names of a file stand for."""
    name, *rest = parts
    read: Outline | None = project.fact(outline, file)
    bindings = read.names.get(name.removesuffix("()"), ()) if read else ()
    known = [binding for binding in bindings if not binding.typing] or list(bindings)
    if read is None or not steps:
        return Origin("unknown", ".".join(parts), file)
    if known:
        telling = [binding for binding in known if binding.kind not in ("value", "annotation")]
        return bound(project, file, (telling or known)[0], parts, steps - 1)
    for level, module in read.stars:
        found = origin(
            project,
            file,
            ".".join(["." * level + module, *parts]) if module else "." * level + ".".join(parts),
            steps - 1,
        )
        if found.kind not in ("unknown", "library"):
            return found
    return Origin("unknown", name, file, tuple(rest))


def bound(project: Project, file: str, binding: Binding, parts: list[str], steps: int) -> Origin:
    """Return what a name stands for that a statement binds."""
    name, *rest = parts
    is_result = name.endswith("()")
    match binding.kind:
        case "import":
            module = "." * binding.level + binding.target
            path = f"{module}.{binding.name}" if binding.target else module + binding.name
            return origin(project, file, ".".join([path + "()" * is_result, *rest]), steps)
        case "module":
            return origin(project, file, ".".join([binding.target, *rest]), steps)
        case "alias":
            return in_file(project, file, [*binding.target.split("."), *rest], steps)
        case "call":
            found = in_file(project, file, binding.target.split("."), steps)
            if found.kind == "unknown":
                return Origin("value", name, file, tuple(rest), is_result=True)
            return replace(found, rest=(*found.rest, *rest), is_result=True)
        case "class":
            return replace(member(project, file, binding, name.removesuffix("()"), rest, steps), is_result=is_result)
        case "function":
            return Origin("function", name.removesuffix("()"), file, tuple(rest), is_result, binding.decorators)
    return Origin("value", name, file, tuple(rest))


def member(project: Project, file: str, binding: Binding, name: str, rest: list[str], steps: int) -> Origin:
    """Return a class, or its member, which a base class may define."""
    if not rest:
        return Origin("class", name, file, bases=binding.bases)
    found = binding.members.get(rest[0])
    if found:
        kind: Kind = found[0].kind if found[0].kind in ("class", "function") else "value"
        is_result = found[0].kind == "call"
        return Origin(kind, f"{name}.{rest[0]}", file, tuple(rest[1:]), is_result, found[0].decorators)
    library = ""
    for base in filter(None, binding.bases) if steps else ():
        inherited = in_file(project, file, [*base.split("."), *rest], steps - 1)
        if inherited.kind == "library" or inherited.inherits:
            library = library or inherited.inherits or inherited.name
        elif inherited.kind not in ("unknown", "class"):
            return inherited
    return Origin("class", name, file, tuple(rest), inherits=library)


def find_file(project: Project, near: str, module: str) -> str | None:
    """Return the file of a module that the file `near` imports, of several the nearest."""
    if module.startswith("."):
        folder, name = parent(near), module[1:]
        while name.startswith("."):
            folder, name = parent(folder), name[1:]
        return project.modules.file_at("/".join(filter(None, (folder, name.replace(".", "/")))))
    candidates = project.modules.find_all(module)
    return max(candidates, key=lambda candidate: shared(candidate, near), default=None)


def shared(one: str, other: str) -> int:
    """Return how many characters two paths share at the start."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
