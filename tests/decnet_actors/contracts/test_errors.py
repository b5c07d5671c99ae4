from decnet_actors.contracts.errors import CATALOGUE, KINDS


def test_no_two_errors_share_a_code() -> None:
    assert len(CATALOGUE) == len(KINDS)


def test_the_catalogue_is_in_the_order_of_its_codes() -> None:
    assert list(CATALOGUE) == sorted(CATALOGUE)
