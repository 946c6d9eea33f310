import pytest

from streams.errors import MessageError, SettingsError
from streams.wire.fields import Fields, load_object, shown


def test_a_field_that_nobody_took_is_refused():
    fields = Fields({"a": 1, "b": 2}, SettingsError, "groups.g")
    assert fields.has("a")
    assert fields.integer("a") == 1
    assert not fields.has("a")
    with pytest.raises(SettingsError, match=r"^groups\.g\.b: unknown field"):
        fields.done()


def test_errors_are_of_the_kind_that_was_asked_for():
    with pytest.raises(SettingsError, match=r"^members\[2\]\.size: expected a whole number, found null$"):
        Fields({"size": None}, SettingsError, "members[2]").integer("size")
    with pytest.raises(SettingsError, match=r"^value: expected an object, found 7$"):
        Fields(7, SettingsError)


def test_null_is_taken_only_where_it_may_be():
    fields = Fields({"a": None, "b": None, "c": None}, SettingsError)
    assert fields.integer_or_none("a") is None
    assert fields.items_or_none("b") is None
    assert fields.text_or_none("c") is None


def test_long_values_are_shortened_in_messages():
    assert len(shown("x" * 1000)) == 80
    assert shown({1, 2}) == "{1, 2}"


def test_only_objects_are_loaded():
    assert load_object(b'{"a": 1}') == {"a": 1}
    with pytest.raises(MessageError, match=r"^bad-json: expected an object, found \[1\]$"):
        load_object(b"[1]")
