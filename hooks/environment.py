"""Programs of the project's environment."""

import os
import shutil

from .project import Project


def find_program(project: Project, name: str) -> str | None:
    """Return the program with a name: of the environment of the project, or else of the PATH."""
    folders = []
    if project.python:
        # lib/python3.12/site-packages, or Lib/site-packages on Windows
        environment = project.python.parents[2 if project.python.parent.name.startswith("python") else 1]
        folders = [str(environment / "bin"), str(environment / "Scripts")]
    return shutil.which(name, path=os.pathsep.join(folders)) or shutil.which(name)
