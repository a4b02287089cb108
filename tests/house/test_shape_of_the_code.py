"""The shape of the code: small files and functions, everything public described, no back doors."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(p for base in ("cemcore", "collectors", "models") for p in (ROOT / base).rglob("*.py"))
TREES = {p: ast.parse(p.read_text(encoding="utf-8")) for p in FILES}
DOORS = ("cli", "api", "daemon")
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions() -> Iterator[tuple[Path, FUNCTION]]:
    for path, tree in TREES.items():
        yield from ((path, node) for node in ast.walk(tree) if isinstance(node, FUNCTION))


def below_the_doors() -> list[Path]:
    return [p for p in FILES if p.relative_to(ROOT).parts[:2] not in [("cemcore", d) for d in DOORS]]


def test_no_file_is_longer_than_400_lines():
    lengths = {named(p): len(p.read_text(encoding="utf-8").splitlines()) for p in FILES}
    assert {n: k for n, k in lengths.items() if k > 400} == {}


def test_no_function_is_longer_than_80_lines():
    written = ((p, f) for p, f in functions() if "migrations" not in p.parts)
    lengths = {f"{named(p)}:{f.name}": (f.end_lineno or 0) - f.lineno + 1 for p, f in written}
    assert {n: k for n, k in lengths.items() if k > 80} == {}


def _public(nodes: list[ast.stmt], where: str) -> Iterator[tuple[str, ast.AST]]:
    for node in nodes:
        if isinstance(node, ast.ClassDef | FUNCTION) and not node.name.startswith("_"):
            yield f"{where}:{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from _public(node.body, f"{where}:{node.name}")


def test_everything_public_has_a_docstring():
    described = [p for p in FILES if "migrations" not in p.parts]
    missing = [name for p in described for name, n in _public(TREES[p].body, named(p)) if not ast.get_docstring(n)]
    missing += [named(p) for p in described if TREES[p].body and not ast.get_docstring(TREES[p])]
    assert missing == []


def test_nothing_is_imported_for_type_checking_only():
    assert [named(p) for p in FILES if "TYPE_CHECKING" in p.read_text(encoding="utf-8")] == []


def test_nothing_below_the_doors_prints_or_ends_the_process():
    found = []
    for path in below_the_doors():
        for node in ast.walk(TREES[path]):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in ("print", "exit", "quit", "sys.exit", "os._exit", "os.abort"):
                    found.append(f"{named(path)}:{node.lineno}: {called}")
    assert found == []


def test_no_error_is_swallowed_by_a_bare_except():
    found = [
        f"{named(p)}:{n.lineno}"
        for p, tree in TREES.items()
        for n in ast.walk(tree)
        if isinstance(n, ast.ExceptHandler) and n.type is None
    ]
    assert found == []


def test_sql_is_spoken_in_storage_only():
    outside = [p for p in FILES if not named(p).startswith("cemcore/storage/")]
    imports = re.compile(r"^\s*(?:from|import) (?:sqlalchemy|sqlite3|psycopg|alembic)\b", re.MULTILINE)
    assert [named(p) for p in outside if imports.search(p.read_text(encoding="utf-8"))] == []


def test_nothing_in_the_corridor_asks_the_clock():
    corridor = [p for p in FILES if named(p).startswith(("cemcore/pipeline/", "cemcore/topology/", "models/"))]
    asks = re.compile(r"datetime\.now|utcnow|time\.time\(|monotonic|perf_counter|Timestamp\.now|today\(")
    assert [named(p) for p in corridor if asks.search(p.read_text(encoding="utf-8"))] == []


def test_the_repository_names_no_folder_of_any_one_machine():
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    somewhere = re.compile(rb"(?<![\w.])/(?:home|root|Users|tmp)/\w")
    found = []
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and path != Path(__file__).resolve() and somewhere.search(path.read_bytes()):
            found.append(name)
    assert found == []
