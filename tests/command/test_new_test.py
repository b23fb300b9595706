"""`phasework test` writes the file for a new test of a module."""

import ast
from pathlib import Path

import pytest

from phasework import cli

ANSWERS = """
_src_path: gh:ada/template
_commit: v1.0.0
package_name: your_service
database_access: {form}
"""
FIXTURES = '''
from your_service.modules.parcels.models import Parcel, Van
from your_service.modules.parcels.service import ParcelService, VanService


@pytest.fixture
def parcel_service() -> ParcelService:
    """The service for parcels."""


@pytest.fixture
def make_parcel() -> Factory[Parcel]:
    """Create a parcel."""


@pytest.fixture
def van_service() -> VanService:
    """The service for vans."""


@pytest.fixture
def make_van() -> Factory[Van]:
    """Create a van."""
'''
WRITTEN = '''\
"""Parcels: lost and found."""

import pytest

from your_service.core.errors import NotFound
from your_service.core.tenancy import Organisation
from your_service.modules.parcels.models import Parcel
from your_service.modules.parcels.service import ParcelService

from tests.support.factories import Factory
from tests.test_utils import TenantContext


async def test_get_returns_the_record(parcel_service: ParcelService, make_parcel: Factory[Parcel]) -> None:
    await make_parcel()
    expected = await make_parcel()

    found = await parcel_service.get(expected.id)

    assert found == expected


async def test_other_organisations_do_not_find_it(
    parcel_service: ParcelService,
    make_parcel: Factory[Parcel],
    other_org: Organisation,
) -> None:
    hidden = await make_parcel()

    with TenantContext(other_org), pytest.raises(NotFound):
        await parcel_service.get(hidden.id)
'''


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A service with parcels in phase 2, and a module with a similar name in phase 1."""
    write(tmp_path / "src/your_service/modules/parcels/service.py")
    write(tmp_path / "src/your_service/modules/parcels_sent/service.py")
    write(tmp_path / "tests/unit/phase1/test_parcels_sent_service.py")
    write(tmp_path / "tests/unit/phase2/test_parcels_service.py")
    write(tmp_path / "tests/fixtures/parcels.py", FIXTURES)
    write(tmp_path / ".copier-answers.yml", ANSWERS.format(form="async"))
    return tmp_path


def write(file: Path, text: str = "") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def run(service: Path, *arguments: str) -> None:
    """Run the command line in a service."""
    cli.app(["test", "--folder", str(service), *arguments], standalone_mode=False)


def refusal(service: Path, *arguments: str) -> object:
    """Return the message for invalid arguments; assert that nothing is written."""
    before = sorted(service.rglob("*"))
    with pytest.raises(SystemExit) as error:
        run(service, *arguments)
    assert sorted(service.rglob("*")) == before
    return error.value.code


def test_a_test_is_written_in_the_phase_of_its_module(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(service, "parcels", "lost_and_found")

    path = "tests/unit/phase2/test_parcels_lost_and_found.py"
    assert (service / path).read_text() == WRITTEN
    assert capsys.readouterr().out == f"Written: {path}\nRun it:  uv run pytest {path}\n"


def test_a_test_has_a_default_name(service: Path) -> None:
    run(service, "parcels")

    assert (service / "tests/unit/phase2/test_parcels_scenarios.py").exists()


def test_the_test_has_the_form_of_the_service(service: Path) -> None:
    write(service / ".copier-answers.yml", ANSWERS.format(form="sync"))

    run(service, "parcels", "lost_and_found")

    written = (service / "tests/unit/phase2/test_parcels_lost_and_found.py").read_text()
    assert written == WRITTEN.replace("async def", "def").replace("await ", "")


def test_a_folder_without_a_service_is_refused(tmp_path: Path) -> None:
    assert str(refusal(tmp_path, "parcels")).endswith("run the command in the folder of a service.")


def test_a_test_may_be_about_the_only_kind_of_record(service: Path) -> None:
    fixtures = service / "tests/fixtures/parcels.py"
    fixtures.write_text(fixtures.read_text().replace("make_parcel", "send_parcel"))

    run(service, "parcels")

    assert "make_van: Factory[Van]" in (service / "tests/unit/phase2/test_parcels_scenarios.py").read_text()


def test_long_signatures_have_one_parameter_per_line(service: Path) -> None:
    fixtures = service / "tests/fixtures/parcels.py"
    fixtures.write_text(fixtures.read_text().replace("Parcel", "P" * 80))

    run(service, "parcels")

    source = (service / "tests/unit/phase2/test_parcels_scenarios.py").read_text()
    assert f"\n    parcel_service: {'P' * 80}Service,\n    make_parcel: Factory[{'P' * 80}],\n) -> None:" in source
    assert f"from your_service.modules.parcels.service import (\n    {'P' * 80}Service,\n)" in source
    assert ast.parse(source)


def test_names_of_one_file_share_an_import(service: Path) -> None:
    fixtures = service / "tests/fixtures/parcels.py"
    fixtures.write_text(fixtures.read_text().replace("parcels.models import Parcel", "parcels.service import Parcel"))

    run(service, "parcels")

    source = (service / "tests/unit/phase2/test_parcels_scenarios.py").read_text()
    assert "\nfrom your_service.modules.parcels.service import Parcel, ParcelService\n" in source


def test_names_that_fixtures_do_not_import_have_a_default_place(service: Path) -> None:
    fixtures = service / "tests/fixtures/parcels.py"
    source = fixtures.read_text().replace("from your_service.modules.parcels", "from .things")
    fixtures.write_text(source)

    run(service, "parcels")

    assert (service / "tests/unit/phase2/test_parcels_scenarios.py").read_text() == WRITTEN.replace(
        "lost and found", "scenarios"
    )


def test_a_module_without_tests_is_asked_for_its_phase(service: Path) -> None:
    (service / "tests/unit/phase2/test_parcels_service.py").unlink()

    assert refusal(service, "parcels") == (
        "parcels: no test shows the phase of this module yet: name a phase from 1 to 9 with --phase."
    )

    run(service, "parcels", "--phase", "3")
    assert (service / "tests/unit/phase3/test_parcels_scenarios.py").exists()


def test_the_error_of_an_unknown_module_lists_the_modules(service: Path) -> None:
    assert refusal(service, "letters") == 'There is no module "letters"; the modules are: parcels, parcels_sent.'


def test_a_service_without_modules_is_refused(tmp_path: Path) -> None:
    write(tmp_path / ".copier-answers.yml", ANSWERS.format(form="sync"))
    assert refusal(tmp_path, "letters") == 'There is no module "letters"; the modules are: none yet.'


def test_a_bad_name_is_refused(service: Path) -> None:
    for name in ("Lost", "lost-and-found", "../lost", "1st", "_lost", "lost.py", "", "möbel"):
        assert str(refusal(service, "parcels", name)).startswith(f'Use a-z, 0-9 and _, a letter first, not "{name}".')


def test_an_existing_file_stays_unchanged(service: Path) -> None:
    assert refusal(service, "parcels", "service") == (
        "tests/unit/phase2/test_parcels_service.py exists: choose another name."
    )


def test_the_error_of_a_module_without_fixtures_names_them(service: Path) -> None:
    assert refusal(service, "parcels_sent") == (
        "parcels_sent: define the fixtures <entity>_service and make_<entity> in tests/fixtures/parcels_sent.py first."
    )
