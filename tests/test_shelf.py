from safelight.shelf import Shelf


def test_what_was_loaded_once_is_not_loaded_again_until_there_is_too_much_else():
    shelf, loaded = Shelf(small=2), []

    def get(key):
        return shelf.get(key, lambda: loaded.append(key) or key)

    assert [get(key) for key in "aabacab"] == list("aabacab")
    assert loaded == list("abcb")  # c drove out b, the least recently used; b came back for c


def test_large_things_have_places_of_their_own():
    shelf, loaded = Shelf(small=1, large=1), []
    for key, large in (("a", False), ("b", True), ("a", False), ("c", True), ("b", True)):
        shelf.get(key, lambda key=key: loaded.append(key), large=large)
    assert loaded == ["a", "b", "c", "b"]
