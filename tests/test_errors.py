import pytest

from safelight import errors
from safelight.errors import SafelightError, nearest


def test_every_error_that_is_exported_is_a_safelight_error_and_drawn_in_the_docstring():
    for name in errors.__all__:
        if name == "nearest":
            continue
        assert issubclass(getattr(errors, name), SafelightError)
        assert name in (errors.__doc__ or "")


def test_a_recipe_error_is_a_value_error_so_that_checks_may_raise_it():
    assert issubclass(errors.RecipeError, ValueError)


@pytest.mark.parametrize("word", ["eular", "EULER", "Euler", " euler"])
def test_a_misspelt_name_is_answered_with_near_ones(word):
    assert nearest(word, ["heun", "euler", "plms"]).startswith(" Did you mean 'euler'")


def test_a_word_like_nothing_known_is_answered_with_all_names():
    assert nearest("zzz", ["b", "a"]) == " Known: a, b."


def test_a_name_of_a_million_characters_is_answered_at_once():
    assert len(nearest("euler" * 200_000, ["euler"])) < 100
