"""The host the tests of this folder set up."""

import os

import pytest

from tests.decnet_actors.ctl.install.setting_up import Setup


@pytest.fixture
def init(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _file: None)  # no power is cut here
    return Setup(capsys, tmp_path)
