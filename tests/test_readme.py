"""The README says what is there: every file has its one line in the tree, and every link leads somewhere.

The tree is the fenced block that begins with `src/safelight/`: two spaces of indent for each folder, a name, at least
two spaces, one line that says what it is. A folder's line stands for its `__init__.py`, and a folder without Python in
it (weights, pictures) is one line. Missing lines are printed by the test as they could be written.
"""

import ast
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
ROOMS = ("src/safelight", "examples", "benchmarks", "tests")


def files():
    """Files that belong to the repository: tracked, or new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *ROOMS]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.split("\n")
    found = {ROOT / name for name in listed if name}
    if not found:  # an unpacked archive has no git
        found = {path for room in ROOMS for path in (ROOT / room).rglob("*") if "__pycache__" not in path.parts}
    return sorted(path for path in found if path.is_file())


def expected():
    """What the tree must list: files, and folders in place of their `__init__.py` or of their data."""
    wanted = set()
    for path in files():
        folder = path.parent
        if str(folder.relative_to(ROOT)) not in ROOMS and not list(folder.rglob("*.py")):
            while not list(folder.parent.rglob("*.py")):
                folder = folder.parent
            wanted.add(folder)
        elif path.name == "__init__.py":
            wanted.add(folder)
        else:
            wanted.add(path)
    return {path for path in wanted if str(path.relative_to(ROOT)) not in ROOMS}


def listed():
    """The tree's (path, words) pairs, in their order."""
    blocks = re.findall(r"^```\w*\n(src/safelight/.*?)^```", README.read_text(encoding="utf-8"), re.M | re.S)
    assert len(blocks) == 1, "the README has one fenced block that begins with src/safelight/"
    pairs, folders = [], []
    for line in blocks[0].splitlines():
        if not line.strip():
            continue
        match = re.fullmatch(r"( *)(\S+)(?: {2,}(.*))?", line)
        assert match, f"a line of the tree is a name, two spaces and words, not {line!r}"
        indent, name, words = match.groups()
        folders = folders[: len(indent) // 2]
        path = ROOT.joinpath(*folders, name)
        if name.endswith("/"):
            folders.append(name)
        pairs.append((path, words))
    return pairs


def line_for(path):
    """How a missing file's line could read."""
    name = path.name + ("/" if path.is_dir() else "")
    source = path / "__init__.py" if path.is_dir() else path
    words = ast.get_docstring(ast.parse(source.read_text())) if source.suffix == ".py" and source.exists() else None
    indent = "  " * (len(path.relative_to(ROOT).parts) - (2 if "src" in path.parts else 1))
    return f"{indent}{name:<20}  {(words or '?').splitlines()[0]}"


def test_every_file_has_one_line_in_the_readmes_tree():
    paths = [path for path, _ in listed()]
    missing = sorted(expected() - set(paths))
    assert not missing, "not in the README's tree:\n" + "\n".join(map(line_for, missing))


def test_no_file_is_listed_twice_and_none_that_is_not_there():
    paths = [path for path, _ in listed()]
    assert sorted(paths) == sorted(set(paths))
    gone = [path for path in paths if not path.exists()]
    assert not gone, f"listed, but not there: {gone}"


def test_every_line_of_the_tree_says_what_the_file_is():
    roots = {ROOT / room for room in ROOMS}
    silent = [path.name for path, words in listed() if not words and path not in roots]
    assert not silent, f"no words beside {silent}"


def test_every_link_and_picture_leads_to_a_file():
    for page in (README, ROOT / "CONTRIBUTING.md"):
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#\s]+)", text) + re.findall(r'src="([^"]+)"', text):
            if not target.startswith(("http://", "https://", "mailto:")):
                assert (ROOT / target).exists(), f"{page.name} links to {target}"


def test_the_commands_that_the_readme_names_are_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?:`|^ *)make ([a-z]+)\b", README.read_text(encoding="utf-8"), re.M))
    assert {"picture", "test"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.M), f"make {target} is no target"
