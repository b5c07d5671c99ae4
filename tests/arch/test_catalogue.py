"""What is generated is up to date, and what it lists is complete."""

import pytest

from decnet_actors.catalogue import ROOT, pages


@pytest.mark.parametrize("path", sorted(pages()), ids=lambda path: path.name)
def test_a_generated_file_is_up_to_date(path):
    assert path.is_file(), f"{path.relative_to(ROOT)} is missing: make catalogue"
    assert pages()[path] == path.read_text(encoding="utf-8"), "make catalogue"
