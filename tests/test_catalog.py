"""A catalog module is one folder."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from phasework.rules import Rules
from tests.support.cases import typical_modules
from tests.support.catalog_page import page, read_routes
from tests.support.services import ROOT, copy_template, write_service
from tests.support.subsets import offered_in

CATALOG = sorted(path.parent for path in (ROOT / "template" / "catalog").glob("[!_]*/module.yml"))
KEYS = {
    "name": str,
    "title": str,
    "summary": str,
    "entity": str,
    "phase": int,
    "coverage": int,
    "domains": list,
    "ticked_in": list,
    "tables": list,
    "needs": list,
    "rules": bool,
    "handlers": bool,
    "gateways": list,
    "worker": bool,
    "races": bool,
    "e2e_environment": dict,
    "dependencies": list,
    "benchmarks": dict,
}
OPTIONAL_KEYS = {
    "addresses": bool,
    "attempts": bool,
    "callbacks": bool,
    "collection": str,
    "credentials": bool,
    "erasure": str,
    "files": dict,
    "guide": bool,
    "money": bool,
    "request_gateways": list,
    "restorable": bool,
    "secret_routes": list,
    "settings": bool,
    "setup": bool,
    "threads": bool,
    "tools": bool,
    "versioned": bool,
    "database_image": str,
}
FILES = {
    "module.yml",
    "models.py",
    "schemas.py",
    "service.py",
    "router.py",
    "migration.py",
    "fixtures.py",
    "locust.py",
    "test_service.py",
    "test_api.py",
    "test_benchmark.py",
}
OPTIONAL_FILES = {
    "rules": {"rules.py", "test_rules.py"},
    "guide": {"guide.md"},
    "handlers": {"handlers.py", "test_handlers.py"},
    "tools": {"tools.py"},
    "races": {"test_races.py"},
    "settings": {"settings.py", "env.example"},
    "setup": {"setup.md"},
    "worker": {"tasks.py", "test_tasks.py", "test_worker.py", "tasks.md", "env.example"},
}
TESTS_OF_FILES = {"unit": "test_{}.py", "api": "test_{}_api.py", "races": "test_{}_races.py"}
TICKED = {"clinic": ["appointments", "journeys", "patients", "tickets"], "platform": ["auth", "billing", "customers"]}
GATEWAYS = {path.parent.name for path in (ROOT / "template" / "gateways").glob("*/gateway.yml")}

ROUTE = re.compile(r"^(GET|POST|PUT|PATCH|DELETE) (/\S+)$")
SETTING = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")

each_module = pytest.mark.parametrize("folder", CATALOG, ids=lambda folder: folder.name)


@each_module
def test_module_yml_is_complete(folder: Path) -> None:
    module = read_module(folder)

    chosen = {key: kind for key, kind in OPTIONAL_KEYS.items() if key in module}
    assert {key: type(value) for key, value in module.items()} == KEYS | chosen


@each_module
def test_module_has_the_name_of_its_folder(folder: Path) -> None:
    assert read_module(folder)["name"] == folder.name


@each_module
def test_module_needs_modules_of_the_catalog(folder: Path) -> None:
    needs = set(read_module(folder)["needs"])

    assert needs <= {other.name for other in CATALOG} - {folder.name}


@each_module
def test_module_needs_existing_gateways(folder: Path) -> None:
    module = read_module(folder)

    assert {*module["gateways"], *module.get("request_gateways", [])} <= GATEWAYS


@each_module
def test_folder_has_the_files_of_a_module(folder: Path) -> None:
    module = read_module(folder)
    optional = [files for key, files in OPTIONAL_FILES.items() if module.get(key)]
    further = {f"{name}.py" for name in module.get("files", {})}
    tests = {TESTS_OF_FILES[tier].format(name) for name, tiers in module.get("files", {}).items() for tier in tiers}
    expected = FILES.union(*optional, further, tests)

    assert {path.name for path in folder.iterdir() if not path.name.startswith((".", "__"))} == expected


@each_module
def test_each_further_file_has_tests(folder: Path) -> None:
    files = read_module(folder).get("files", {})

    assert {name for name, tiers in files.items() if not set(tiers) & {"unit", "api"}} == set()


@each_module
def test_runbooks_name_routes_and_settings_that_exist(folder: Path) -> None:
    pages = [folder / name for name in ("guide.md", "setup.md", "tasks.md") if (folder / name).exists()]
    spans = [span for page in pages for span in re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8"))]
    module = read_module(folder)
    gateways = [*module["gateways"], *module.get("request_gateways", [])]
    examples = [ROOT / "template/project/.env.example.jinja", folder / "env.example"]
    examples += [ROOT / "template/gateways" / name / "env.example" for name in gateways]
    settings = {
        name for each in examples if each.exists() for name in SETTING.findall(each.read_text(encoding="utf-8"))
    }
    routes = {(route.method, route.path) for route in read_routes(folder)}

    named = {(method, path.partition("?")[0]) for span in spans for method, path in ROUTE.findall(span)}
    assert named - routes == set()
    assert {span for span in spans if span.startswith("/")} - {path for _, path in routes} == set()
    assert {name for span in spans for name in SETTING.findall(span)} - settings == set()


@each_module
def test_the_collection_is_the_table_of_the_entity_and_the_path_of_its_list(folder: Path) -> None:
    module = read_module(folder)
    collection = module.get("collection", module["name"])
    models = (folder / "models.py").read_text(encoding="utf-8")

    table = re.search(rf'class {module["entity"]}\(.*?__tablename__ = "(\w+)"', models, re.DOTALL)
    assert table
    assert table[1] == collection
    assert f"GET /{collection.replace('_', '-')}" in [f"{each.method} {each.path}" for each in read_routes(folder)]


@each_module
def test_no_path_can_be_read_as_another_with_an_identifier(folder: Path) -> None:
    # DELETE /documents/search would reach DELETE /documents/{document_id}, although /documents/search can only be read.
    routes = {(route.method, route.path) for route in read_routes(folder)}
    with_identifier = {(method, re.sub(r"{\w+}", "[^/]+", path)) for method, path in routes if "{" in path}
    reached = {
        (method, path)
        for method, pattern in with_identifier
        for _, path in routes
        if "{" not in path and re.fullmatch(pattern, path)
    }

    assert reached - routes == set()


def test_the_reference_has_what_the_files_of_the_modules_say() -> None:
    # `make catalog` writes it.
    assert (ROOT / "docs/reference/catalog.md").read_text(encoding="utf-8") == page() + "\n"


def test_the_reference_names_routes_settings_and_public_routes() -> None:
    webhooks = page().partition("\n## webhooks\n")[2]

    assert "| `GET /inbound-messages/{inbound_message_id}` | Return an inbound message. |" in webhooks
    assert "| `POST /webhooks/{organisation_id}/twilio/messages` | Public. Receive an SMS" in webhooks
    assert "`WEBHOOKS_PUBLIC_URL`" in webhooks


@each_module
def test_periodic_tasks_run_soon_in_the_end_to_end_tests(folder: Path) -> None:
    module = read_module(folder)

    intervals = [float(value) for name, value in module["e2e_environment"].items() if "INTERVAL_SECONDS" in name]
    assert bool(intervals) == module["worker"]
    assert all(seconds <= 5 for seconds in intervals)


@each_module
def test_sources_contain_no_jinja(folder: Path) -> None:
    sources = [path.read_text(encoding="utf-8") for path in folder.glob("*.py")]

    assert [mark for mark in ("{{", "{%", "{#") for source in sources if mark in source] == []


@each_module
def test_module_has_at_least_twenty_unit_tests(folder: Path) -> None:
    files = [f"test_{name}.py" for name in ("service", "rules", *read_module(folder).get("files", {}))]
    sources = [(folder / name).read_text(encoding="utf-8") for name in files if (folder / name).exists()]

    assert sum(count_tests(source) for source in sources) >= 20


@each_module
def test_module_that_refers_to_patients_erases_what_it_stores_about_them(folder: Path) -> None:
    sources = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.py")}
    refers = folder.name != "patients" and '"patients.id"' in sources["models.py"]

    assert not refers or '@handles("patient.erased")' in sources.get("handlers.py", "")


def test_the_readme_lists_the_modules_and_what_each_needs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("\n## The catalog\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|.*\|([^|]*)\|$", section, re.MULTILINE)
    words = {"email": "SMTP", "openai": "OpenAI", "s3": "S3", "twilio": "Twilio", "n8n": "n8n"}

    assert [name for name, *_ in rows] == [folder.name for folder in CATALOG]
    for name, domains, needed in rows:
        module = read_module(ROOT / "template/catalog" / name)
        gateways = {*module["gateways"], *module.get("request_gateways", [])}
        chosen = [f"**{domain}**" if domain in module["ticked_in"] else domain for domain in module["domains"]]
        assert domains == ", ".join(chosen)
        assert {gateway for gateway, word in words.items() if word in needed} == gateways


def test_typical_own_module_has_at_least_fifteen_unit_tests(template: Path, tmp_path: Path) -> None:
    service = write_service(template, tmp_path / "service", {"domain": "blank", "own_modules": typical_modules(1)})

    assert count_tests(service.files["tests/unit/phase1/test_things1_service.py"].decode()) >= 15


@pytest.mark.parametrize("domain", TICKED)
def test_modules_that_need_no_account_elsewhere_are_ticked(template: Path, tmp_path: Path, domain: str) -> None:
    service = write_service(template, tmp_path / "service", {"domain": domain})

    assert sorted(service.modules) == TICKED[domain]
    assert f"# {domain.title()} Service" in service.files["README.md"].decode()


def test_a_platform_does_not_speak_of_a_clinic(template: Path, tmp_path: Path) -> None:
    answers = {"domain": "platform", "modules": offered_in("platform")}
    service = write_service(template, tmp_path / "service", answers)

    # Modules of both domains handle events of the other one.
    sources = [path for path in service.files if "communications" not in path]
    words = re.compile(r"clinic|\bpatients?\b|practitioner|appointment", re.IGNORECASE)
    assert [path for path in sources if words.search(service.files[path].decode(errors="replace"))] == []


@pytest.mark.parametrize("ticked_in", [["clinic"], []], ids=["ticked", "not ticked"])
def test_a_folder_added_to_the_catalog_is_offered(tmp_path: Path, ticked_in: list[str]) -> None:
    catalog = copy_template(tmp_path / "template") / "template" / "catalog"
    rooms = read_module(catalog / "tickets") | {"name": "rooms", "entity": "Room", "ticked_in": ticked_in}
    (catalog / "rooms").mkdir()
    (catalog / "rooms" / "module.yml").write_text(yaml.safe_dump(rooms), encoding="utf-8")

    question = Rules(tmp_path / "template").question("modules", {"domain": "clinic"})

    # That such a module passes its tests: tests/test_gateways.py.
    assert "rooms" in [name for _, name in question.choices]
    assert question.default == sorted([*TICKED["clinic"], *(["rooms"] if ticked_in else [])])


def read_module(folder: Path) -> dict[str, Any]:
    """Return the module.yml of a catalog folder."""
    module: dict[str, Any] = yaml.safe_load((folder / "module.yml").read_text(encoding="utf-8"))
    return module


def count_tests(source: str) -> int:
    """Count the test functions of a file; parametrised ones count once."""
    return len(re.findall(r"^ *(?:async )?def test_", source, re.MULTILINE))


@pytest.mark.parametrize(
    ("modules", "image"), [(["vector"], "pgvector/pgvector:pg17"), (["patients"], "postgres:17-alpine")]
)
def test_the_server_has_the_extension_of_a_module(
    template: Path, tmp_path: Path, modules: list[str], image: str
) -> None:
    service = write_service(template, tmp_path / "service", {"modules": modules})

    for path in ("docker-compose.yml", ".github/workflows/test-deploy.yml"):
        assert set(re.findall(r"image: (.*(?:postgres|pgvector).*)", service.files[path].decode())) == {image}
    assert f'"{image.partition(":")[0]}"' in service.files["renovate.json"].decode()
