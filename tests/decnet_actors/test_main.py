"""The daemon's command line: what it checks, prints, and refuses before anything runs."""

from pathlib import Path

import pytest

from decnet_actors.main import load, parser, run


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "decnet.toml"
    path.write_text('[daemon]\nhost = "lab"\nlog_level = "debug"\n')
    return path


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "decnet.toml"
    path.write_text('[daemon]\nhots = "lab"\nlog_level = "loud\\u001b[31m"\n')
    return path


def test_a_good_file_is_exit_0(capsys, good):
    assert run(["-t", "-c", str(good)], {}) == 0
    assert capsys.readouterr().err == "ok  no errors\n"


def test_a_bad_file_is_exit_78_with_every_error(capsys, bad):
    assert run(["-t", "-c", str(bad)], {}) == 78
    err = capsys.readouterr().err

    assert f"{bad}:2:1: error DN1003" in err
    assert f"{bad}:3:" in err
    assert "2 errors; nothing was changed." in err
    assert "\x1b" not in err


def test_a_bad_file_does_not_start_the_daemon(bad):
    assert run(["-c", str(bad)], {}) == 78


def test_a_file_that_is_not_there_is_exit_78(capsys, tmp_path):
    assert run(["-t", "-c", str(tmp_path / "none.toml")], {}) == 78
    assert "DN1001" in capsys.readouterr().err


def test_drop_ins_beside_the_file_win(good):
    folder = good.parent / "conf.d"
    folder.mkdir()
    (folder / "10-lab.toml").write_text('[daemon]\nhost = "attic"\n')
    configuration = load(parser().parse_args(["-c", str(good)]), {})

    assert configuration.settings.daemon.host == "attic"


def test_a_folder_of_drop_ins_can_be_named(tmp_path, good):
    folder = tmp_path / "elsewhere" / "conf.d"
    folder.mkdir(parents=True)
    (folder / "10.toml").write_text('[daemon]\nhost = "attic"\n')
    configuration = load(parser().parse_args(["-c", str(good), "--config-dir", str(folder.parent)]), {})

    assert configuration.settings.daemon.host == "attic"


def test_flags_win_over_files(good, tmp_path):
    words = [
        "-c",
        str(good),
        "--state-dir",
        str(tmp_path),
        "--run-dir",
        "/r",
        "--log-level",
        "error",
        "--log-format",
        "json",
    ]
    daemon = load(parser().parse_args(words), {}).settings.daemon

    assert (daemon.host, daemon.state_dir, daemon.run_dir) == ("lab", tmp_path, Path("/r"))
    assert (daemon.log_level, daemon.log_format) == ("error", "json")


def test_the_default_file_is_printed_and_is_good(capsys, tmp_path):
    assert run(["--print-config"], {}) == 0
    path = tmp_path / "decnet.toml"
    path.write_text(capsys.readouterr().out)

    assert run(["-t", "-c", str(path)], {}) == 0


@pytest.mark.parametrize(
    ("words", "code"), [(["--version"], 0), (["--help"], 0), (["--chekc"], 2), (["--log-level", "x"], 2)]
)
def test_the_rest_is_argparse(capsys, words, code):
    with pytest.raises(SystemExit) as caught:
        run(words, {})

    assert caught.value.code == code
    assert "decnetd" in "".join(capsys.readouterr())
