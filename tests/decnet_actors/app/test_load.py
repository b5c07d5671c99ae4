"""A wrong fleet is refused at its line, before anything starts."""

import pytest

from decnet_actors.app.load import load_settings
from supervisors.config import ConfigError


def problems(tmp_path, text: str) -> list[tuple[int, str]]:
    path = tmp_path / "decnet.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings((path,), {})
    assert all(str(path) == problem.file for problem in caught.value.problems), caught.value
    return [(problem.line, problem.text) for problem in caught.value.problems]


def test_an_unknown_service_is_told_at_its_item(tmp_path):
    [(line, text)] = problems(tmp_path, '[[decky]]\nname = "web-01"\nservices = [\n  "http",\n  "sssh",\n]\n')

    assert line == 5
    assert "'sssh'" in text


def test_options_of_a_service_are_told_at_their_line(tmp_path):
    text = '[[decky]]\nname = "web-01"\n[decky.services.http]\nprot = 80\n[decky.services.ssh]\nport = "x"\n'

    assert [line for line, _ in problems(tmp_path, text)] == [4, 6]


def test_two_services_on_one_port_are_told(tmp_path):
    text = '[[decky]]\nname = "web-01"\n[decky.services]\nhttp = { port = 22 }\nssh = {}\n'
    [(line, said)] = problems(tmp_path, text)

    assert line in {4, 5}
    assert "22" in said


def test_two_deckies_of_one_name_are_told(tmp_path):
    text = '[[decky]]\nname = "a-01"\nservices = ["ssh"]\n[[decky]]\nname = "a-01"\nservices = ["ssh"]\n'

    assert problems(tmp_path, text)


def test_an_unknown_driver_is_told_at_its_line(tmp_path):
    [(line, text)] = problems(tmp_path, '[fleet]\ndriver = "lopback"\n')

    assert line == 2
    assert 'did you mean "fleet_driver.loopback"' in text


def test_options_of_the_driver_are_told_at_their_line(tmp_path):
    [(line, text)] = problems(tmp_path, '[fleet.loopback]\nnetwork = "10.0.0.0/8"\n')

    assert line == 2
    assert "127.0.0.0/8" in text


def test_the_default_configuration_is_right():
    configuration = load_settings((), {})

    assert {settings.name for settings in configuration.settings.decky} == {"web-01", "cache-01", "term-01"}
    assert configuration.fleet is None
