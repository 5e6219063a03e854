"""What may import what: definitions load without the media libraries, and only Dagster's own modules know Dagster."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import video_assets

PACKAGE = Path(video_assets.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
HEAVY = {
    "av", "cv2", "decord", "httpx2", "onnxruntime", "open_clip", "pyarrow", "ray", "scenedetect", "tenacity", "torch",
    "torchvision", "transformers",
}  # fmt: skip
KNOW_DAGSTER = {"definitions.py", "sensors.py", "checks.py", "resources.py"}


def name(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def imported(tree: ast.AST, *, at_module_level: bool) -> set[str]:
    """The first parts of the names that a module imports, anywhere in it or when it is loaded."""
    found: set[str] = set()
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).partition(".")[0])
        for child in ast.iter_child_nodes(node):
            later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            if not (at_module_level and (later or _for_types_only(child))):
                pending.append(child)
    return found


def _for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def project_imports(tree: ast.AST) -> set[str]:
    """The modules of this project that a module imports when it is loaded, as ``package/module.py`` or ``package``."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("video_assets"):
            found |= {f"{node.module}.{alias.name}".removeprefix("video_assets.") for alias in node.names}
    return found


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_only_the_dagster_layer_knows_dagster(module: Path) -> None:
    tree = ast.parse(module.read_text())
    if module.parent.name == "assets" or name(module) in KNOW_DAGSTER:
        return
    everywhere = imported(tree, at_module_level=False)
    if module.parent.name == "cli":
        everywhere = imported(tree, at_module_level=True)
    assert not {i for i in everywhere if i.startswith("dagster")}


@pytest.mark.parametrize(
    "module", [m for m in MODULES if m.parent.name not in ("media", "measure", "loader")], ids=name
)
def test_media_libraries_are_imported_where_they_are_used(module: Path) -> None:
    assert not imported(ast.parse(module.read_text()), at_module_level=True) & HEAVY


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("media", {"assets", "batches", "curate", "definitions", "measure", "segment", "sensors"}),
        ("segment", {"assets", "batches", "curate", "definitions", "measure", "sensors"}),
        ("measure", {"assets", "batches", "curate", "definitions", "sensors"}),
        ("cluster", {"assets", "batches", "curate", "definitions", "measure", "segment", "sensors"}),
        ("curate", {"assets", "batches", "definitions", "measure", "media", "segment", "sensors"}),
        ("lake", {"assets", "batches", "curate", "definitions", "footage", "measure", "media", "segment", "sensors"}),
        ("rights", {"assets", "batches", "curate", "definitions", "lake", "measure", "media", "segment", "sensors"}),
        ("batches", {"assets", "definitions", "sensors", "checks", "resources"}),
    ],
)
def test_arrows_point_down_only(folder: str, forbidden: set[str]) -> None:
    for module in sorted((PACKAGE / folder).glob("*.py")):
        parts = {i.partition(".")[0] for i in project_imports(ast.parse(module.read_text()))}
        assert not parts & forbidden, name(module)


def test_definitions_load_without_the_media_libraries() -> None:
    code = f"import sys, video_assets.definitions; print(sorted({HEAVY!r} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize("module", ["video_assets.cli", "video_assets.lake.lake", "video_assets.footage.ingest"])
def test_the_library_and_the_command_line_load_without_dagster(module: str) -> None:
    code = f"import sys, {module}; print(sorted({{'dagster', 'av', 'cv2', 'pyarrow'}} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_every_module_says_what_it_is_for(module: Path) -> None:
    text = module.read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text))
