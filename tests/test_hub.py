"""Pulling: from a hub that is played here, on this machine, by a process that sees every request."""

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from model_files import edit_json, folder_model, networks
from safelight.errors import HubError, OutputError, WeightsError
from safelight.models.unet import UNetConfig
from safelight.weights import hub, library
from safelight.weights.checkpoint import open_model

SOURCE = os.pathsep.join([str(Path(__file__).parent.parent / "src"), os.environ.get("PYTHONPATH", "")])
REPOSITORY = "maker/model"
SHA = "0123456789abcdef0123456789abcdef01234567"
NEW_SHA = "fedcba9876543210fedcba9876543210fedcba98"


class Hub(ThreadingHTTPServer):
    """The few routes of the hub that a download uses."""

    daemon_threads = True

    def __init__(self, folder: Path):
        super().__init__(("127.0.0.1", 0), Route)
        self.folder = folder
        self.licence = "creativeml-openrail-m"
        self.newest = SHA
        self.status = None  # answer everything so
        self.cut = {}  # file -> bytes after which the line breaks and stays dead
        self.spoil = set()  # files that arrive with a wrong byte
        self.requests = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def files(self):
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                yield path.relative_to(self.folder).as_posix(), path.read_bytes()


class Route(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        hub = self.server
        path = self.path.split("?")[0]
        hub.requests.append((self.command, path, self.headers.get("Range")))
        if hub.status:
            return self.answer(hub.status, b"{}", **{"X-Error-Code": "RepoNotFound"} if hub.status == 404 else {})
        if path.startswith(f"/api/models/{REPOSITORY}/tree/"):
            return self.answer(200, json.dumps([*map(self.entry, hub.files())]).encode())
        if path.startswith(f"/api/models/{REPOSITORY}"):
            files = [{"rfilename": name, **self.sizes(data, name)} for name, data in hub.files()]
            card = {"license": hub.licence}
            about = {"id": REPOSITORY, "sha": hub.newest, "siblings": files, "cardData": card, "tags": []}
            return self.answer(200, json.dumps(about).encode())
        if found := re.fullmatch(rf"/{REPOSITORY}/resolve/(\w+)/(.+)", path):
            return self.file(found[2], found[1])
        return self.answer(404, b"{}", **{"X-Error-Code": "RepoNotFound"})

    def sizes(self, data, name):
        digest = hashlib.sha256(data).hexdigest()
        lfs = {"size": len(data), "sha256": digest, "pointerSize": 100, "oid": digest}
        return {"size": len(data), "blobId": digest[:40], **({"lfs": lfs} if name.endswith(".safetensors") else {})}

    def entry(self, file):
        name, data = file
        sizes = self.sizes(data, name)
        return {"type": "file", "path": name, "oid": sizes.pop("blobId"), **sizes}

    def file(self, name, revision):
        hub, path = self.server, self.server.folder / name
        if not path.is_file():
            return self.answer(404, b"", **{"X-Error-Code": "EntryNotFound"})
        data = path.read_bytes()
        headers = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Repo-Commit": revision}
        if name in hub.spoil:
            data = data[:-1] + bytes([data[-1] ^ 1])
        start = int(re.fullmatch(r"bytes=(\d+)-.*", self.headers["Range"])[1]) if self.headers.get("Range") else 0
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        if self.command == "GET" and name in hub.cut:
            end, hub.cut[name] = hub.cut[name], 0
            if not end:
                return self.answer(503, b"")
            self.head(200, len(data), headers)
            self.wfile.write(data[:end])
            self.close_connection = True
            return None
        return self.answer(206 if start else 200, data[start:], **headers)

    def head(self, status, length, headers):
        self.send_response(status)
        for key, value in {"Content-Length": str(length), **headers}.items():
            self.send_header(key, value)
        self.end_headers()

    def answer(self, status, body, **headers):
        self.head(status, len(body), headers)
        if self.command != "HEAD":
            self.wfile.write(body)


@pytest.fixture(scope="module")
def master(tmp_path_factory):
    """A model whose UNet is more than one chunk of a download."""
    path = tmp_path_factory.mktemp("master") / "model"
    unet = UNetConfig(channels=(128, 256), attention=(True, False), blocks=1, context=64)
    folder_model(path, made=networks(unet=unet))
    (path / "LICENSE").write_text("terms")
    for extra in ("README.md", "evil.py", "unet/diffusion_pytorch_model.bin", "v1-4.ckpt", "safety_checker/model.bin"):
        (path / extra).parent.mkdir(exist_ok=True)
        (path / extra).write_text("not wanted")
    return path


@pytest.fixture
def server(master, tmp_path, monkeypatch):
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    with Hub(master) as hub:
        thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield hub
        hub.shutdown()
        thread.join()


@pytest.fixture
def ask(server, tmp_path):
    """Run the real command in a process of its own, with this hub in the place of the real one."""

    def run(*arguments, code=0):
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))}
        environment |= {"HF_ENDPOINT": server.url, "HF_HOME": str(tmp_path / "hf"), "PYTHONPATH": SOURCE}
        environment |= {"HF_HUB_DISABLE_TELEMETRY": "1", "NO_PROXY": "*"}
        command = [sys.executable, "-m", "safelight", "models", "pull", *arguments]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=500, check=False, stdin=subprocess.DEVNULL
        )
        assert done.returncode == code, done.stderr
        return done

    return run


def fetched(server):
    return {path.split("/", 5)[-1] for method, path, _ in server.requests if method == "GET" and "/resolve/" in path}


def test_a_pulled_model_is_whole_in_the_library_and_nothing_else_came_with_it(server, ask, master):
    done = ask(REPOSITORY, "--accept-license", "--json")
    path = library.home() / REPOSITORY
    assert json.loads(done.stdout) == {
        "name": REPOSITORY,
        "path": str(path),
        "revision": SHA,
        "variant": None,
        "licence": "creativeml-openrail-m",
    }
    assert library.models()[REPOSITORY] == path
    assert open_model(path).hash == open_model(master).hash
    files = {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()}
    unwanted = {"README.md", "evil.py", "unet/diffusion_pytorch_model.bin", "v1-4.ckpt", "safety_checker/model.bin"}
    assert files == {name for name, _ in server.files()} - unwanted
    assert fetched(server) == files
    assert "CreativeML Open RAIL-M" in done.stderr
    assert "Attachment A" in done.stderr
    assert not any((library.home() / ".pulling").iterdir())

    server.requests.clear()  # again: nothing to fetch, nothing to accept
    again = ask(REPOSITORY, "--quiet")
    assert not fetched(server)
    assert "RAIL" not in again.stderr


def test_an_interrupted_pull_is_no_model_and_goes_on_where_it_stopped(server, ask, master):
    name = "unet/diffusion_pytorch_model.safetensors"
    size = (master / name).stat().st_size
    assert size > 12 * 2**20
    server.cut[name] = 11 * 2**20
    done = ask(REPOSITORY, "--accept-license", "--quiet", code=2)
    assert "the hub answered 503" in done.stderr
    assert len(done.stderr.strip().splitlines()[-1]) < 300
    assert REPOSITORY not in library.models()
    del server.cut[name]
    server.requests.clear()
    ask(REPOSITORY, "--accept-license", "--quiet")
    ranges = [part for method, path, part in server.requests if method == "GET" and path.endswith(name)]
    assert ranges == [f"bytes={10 * 2**20}-"]
    assert open_model(library.find(REPOSITORY)).hash == open_model(master).hash


def test_a_file_that_arrives_changed_is_refused(server, ask):
    server.spoil.add("vae/diffusion_pytorch_model.safetensors")
    done = ask(REPOSITORY, "--accept-license", "--quiet", code=2)
    assert "vae/diffusion_pytorch_model.safetensors did not arrive whole; pull again" in done.stderr
    assert REPOSITORY not in library.models()


def test_without_a_terminal_the_licence_must_be_accepted_by_the_option(server, ask):
    done = ask(REPOSITORY, code=2)
    assert "--accept-license" in done.stderr
    assert not fetched(server)


def test_a_hub_that_does_not_know_the_model_or_breaks_is_one_line(server, ask):
    for status, word in ((404, "no model"), (500, "answered 500")):
        server.status = status
        done = ask(REPOSITORY, "--accept-license", code=2)
        assert re.search(word, done.stderr), done.stderr
        assert "Traceback" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


# -- What needs no hub at all: its two calls are replaced --------------------------------------------------------------


class Info:
    def __init__(self, folder, sha=SHA, licence="creativeml-openrail-m"):
        self.sha, self.card_data = sha, {"license": licence}
        self.siblings = []
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                sibling = type("Sibling", (), {})()
                sibling.rfilename, sibling.size, sibling.lfs = path.relative_to(folder).as_posix(), 1, None
                self.siblings.append(sibling)


@pytest.fixture
def played(tmp_path, monkeypatch):
    """A hub without a wire: `folder` is what it has, `calls` what was asked."""
    import shutil

    import huggingface_hub

    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    folder = tmp_path / "there"
    folder_model(folder)
    calls, infos = [], {}

    def model_info(_, repository, revision=None, files_metadata=False):
        calls.append(("info", repository, revision))
        return infos.get(revision) or Info(folder, revision if revision and len(revision) == 40 else SHA)

    def download(listing, name, part):
        calls.append(("file", listing.repository, listing.revision, name))
        shutil.copyfile(folder / name, part)

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", model_info)
    monkeypatch.setattr(hub, "download", download)
    return folder, calls, infos


def yes(licence, text):
    return True


def test_known_models_are_pulled_at_their_pinned_revision(played):
    _, calls, _ = played
    pinned = hub.PINNED["CompVis/stable-diffusion-v1-4"]
    assert re.fullmatch("[0-9a-f]{40}", pinned)
    hub.pull("CompVis/stable-diffusion-v1-4", accept=yes)
    assert calls[0] == ("info", "CompVis/stable-diffusion-v1-4", pinned)
    assert {call[2] for call in calls} == {pinned}
    assert hub.pulled()["CompVis/stable-diffusion-v1-4"]["revision"] == pinned
    calls.clear()
    hub.pull("CompVis/stable-diffusion-v1-4", accept=yes)
    assert calls == []  # it is here: the hub is not even asked


def test_other_models_are_pulled_at_their_newest_revision_which_is_recorded(played):
    _, calls, infos = played
    hub.pull("maker/model", accept=yes)
    assert calls[0] == ("info", "maker/model", None)
    assert hub.pulled()["maker/model"]["revision"] == SHA
    infos["next"] = Info(played[0], NEW_SHA)
    hub.pull("maker/model", "next", accept=yes)
    assert hub.pulled()["maker/model"]["revision"] == NEW_SHA
    assert {call[2] for call in calls if call[0] == "file"} == {SHA, NEW_SHA}


def test_a_licence_is_asked_about_once(played):
    asked = []

    def ask(licence, text):
        asked.append(licence)
        return True

    hub.pull("maker/one", accept=ask)
    hub.pull("maker/two", accept=ask)
    assert asked == ["creativeml-openrail-m"]


def test_a_licence_with_no_known_text_is_asked_about_for_each_model(played, monkeypatch):
    _, _, infos = played
    infos[None] = Info(played[0], licence="other")
    asked = []

    def ask(licence, text):
        asked.append((licence, text))
        return True

    hub.pull("maker/one", accept=ask)
    hub.pull("maker/two", accept=ask)
    assert [licence for licence, _ in asked] == ["other of maker/one", "other of maker/two"]
    assert "https://huggingface.co/maker/one" in asked[0][1]


def test_a_licence_that_is_not_accepted_ends_the_pull_before_anything_is_fetched(played):
    _, calls, _ = played
    with pytest.raises(HubError, match="not accepted; nothing was fetched"):
        hub.pull("maker/model", accept=lambda *_: False)
    assert [call[0] for call in calls] == ["info"]
    assert not (library.home() / "maker").exists()


def test_a_model_of_another_kind_is_refused_before_its_weights_are_fetched(played):
    folder, calls, _ = played
    edit_json(folder / "unet" / "config.json", addition_embed_type="text_time")
    with pytest.raises(WeightsError, match="addition_embed_type"):
        hub.pull("maker/model", accept=yes)
    assert not any(call[3].endswith(".safetensors") for call in calls if call[0] == "file")


def test_half_precision_is_fetched_when_asked_for_or_when_there_is_nothing_else(played):
    folder, calls, _ = played
    whole = list(folder.rglob("*.safetensors"))
    for path in whole:
        path.with_suffix(".fp16.safetensors").write_bytes(path.read_bytes())

    def weights():
        return {call[3] for call in calls if call[0] == "file" and call[3].endswith(".safetensors")}

    hub.pull("maker/half", variant="fp16", accept=yes)
    assert all(name.endswith(".fp16.safetensors") for name in weights())
    calls.clear()
    hub.pull("maker/whole", accept=yes)
    assert not any(".fp16." in name for name in weights())
    with pytest.raises(HubError, match="no variant 'bf16'"):
        hub.pull("maker/other", variant="bf16", accept=yes)
    calls.clear()
    for path in whole:
        path.unlink()
    hub.pull("maker/only-half", accept=yes)
    assert all(name.endswith(".fp16.safetensors") for name in weights())


def test_a_repository_without_safetensors_or_in_another_layout_is_refused(played):
    folder, _, _ = played
    for path in folder.rglob("*.safetensors"):
        path.unlink()
    with pytest.raises(HubError, match="no safetensors weights for text_encoder"):
        hub.pull("maker/model", accept=yes)
    (folder / "unet" / "config.json").unlink()
    (folder / "text_encoder" / "config.json").unlink()
    with pytest.raises(WeightsError, match="not a model in diffusers' layout"):
        hub.pull("maker/model", accept=yes)


def test_a_disk_that_is_full_is_the_disks_fault(played, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(hub, "download", full)
    with pytest.raises(OutputError, match="No space left on device"):
        hub.pull("maker/model", accept=yes)


@pytest.mark.parametrize("name", ["", "a/b/c", "../../etc", "a b", "maker/model\0", "-x/y", "a/.."])
def test_a_name_that_is_none_on_the_hub_is_refused_unasked(name, tmp_path, monkeypatch):
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    with pytest.raises(HubError, match="write owner/name"):
        hub.pull(name, accept=yes)
    assert not (tmp_path / "home").exists()


def test_a_connection_that_cannot_be_made_is_one_line(tmp_path, monkeypatch):
    import huggingface_hub

    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))

    for error in (ConnectionError("refused\nby them"), TimeoutError(), ValueError("odd answer")):

        def fail(*_, error=error, **__):
            raise error

        monkeypatch.setattr(huggingface_hub.HfApi, "model_info", fail)
        with pytest.raises(HubError, match="could not be reached") as caught:
            hub.pull("maker/model", accept=yes)
        assert len(str(caught.value).splitlines()) == 1
