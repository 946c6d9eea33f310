from streams.model.groups import Definition, Member
from streams.model.partition import Partition
from streams.model.state import State, Version
from streams.processor.place import Place

DEFINITION = Definition("g", (Member("a", "v"),))


def state(revisions: dict[int, int]) -> State:
    return State("g", 0, [Version(1, None, 0, DEFINITION)], revisions=revisions)


def test_tables_are_needed_from_the_lowest_offset_of_the_intervals_that_the_mark_names():
    place = Place(0, Partition(0), tables={"g": {1: 10, 2: 7, 3: 20}})
    assert place.tables_from(state({2: 0, 3: 0})) == 7


def test_intervals_behind_the_mark_are_forgotten():
    place = Place(0, Partition(0), tables={"g": {1: 1, 2: 7, 3: 20}})
    place.tables_from(state({2: 0, 3: 0}))
    assert place.tables["g"] == {2: 7, 3: 20}


def test_a_mark_without_intervals_needs_nothing():
    assert Place(0, Partition(0)).tables_from(state({})) == 0


def test_the_newest_three_marks_stay():
    place = Place(0, Partition(0))
    assert [place.removable("g", offset) for offset in (1, 4, 6, 9, 12)] == [[], [], [], [1], [4]]


def test_marks_that_were_found_at_loading_go_at_once():
    place = Place(0, Partition(0), marks={"g": [1, 2, 3, 4, 5]})
    assert place.removable("g", 6) == [1, 2, 3]
