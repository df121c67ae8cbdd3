"""For the whole suite: no test opens a network connection unless it is marked
`network`, and none sees the models of the person who runs it."""

import socket

import pytest
from hypothesis import settings

# The machine decides how long an example takes; a slow one is no failure.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def _own_library(tmp_path_factory, monkeypatch):
    """Tests see an empty library of models, not that of the person who runs them."""
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path_factory.mktemp("library")))


@pytest.fixture(autouse=True)
def _no_network(request, monkeypatch):
    if request.node.get_closest_marker("network"):
        return
    connect = socket.socket.connect

    def local_only(self, address):
        if self.family not in (socket.AF_INET, socket.AF_INET6):
            return connect(self, address)
        raise AssertionError(f"a test tried to connect to {address}; mark it `network` if it must")

    def no_names(host, *_, **__):
        raise AssertionError(f"a test tried to look up {host}; mark it `network` if it must")

    monkeypatch.setattr(socket.socket, "connect", local_only)
    monkeypatch.setattr(socket.socket, "connect_ex", local_only)
    monkeypatch.setattr(socket, "getaddrinfo", no_names)
