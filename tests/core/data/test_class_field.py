from __future__ import annotations

import pytest
from landfuse.core.data.class_field import class_lookup, clean_value
from landfuse.core.data.classes import LandClass
from landfuse.core.errors import ClassesError, SamplesError


def as_pairs(lookup):
    return [(c.value, c.name) for c in lookup.classes]


def test_whole_numbers_are_class_values_as_they_are():
    lookup = class_lookup([7, 3, 3, 0, None], "integer")
    assert [c.value for c in lookup.classes] == [3, 7]
    assert [lookup.find(v) for v in (3, 7, 0, None, 5)] == [0, 1, -1, -1, -1]
    assert lookup.notes == ("2 features without a class ignored.",)


def test_names_are_numbered_in_code_point_order():
    lookup = class_lookup(["water", "Wald", "Äcker", " water ", "", "  ", None], "text")
    assert as_pairs(lookup) == [(1, "Wald"), (2, "water"), (3, "Äcker")]
    assert lookup.find(" water") == 1
    assert lookup.notes == ("3 features without a class ignored.",)


def test_numbers_stored_as_text_are_names():
    assert as_pairs(class_lookup(["10", "9"], "text")) == [(1, "10"), (2, "9")]


def test_real_numbers_without_fractions_are_class_values():
    lookup = class_lookup([2.0, 1.0, float("nan")], "real")
    assert [c.value for c in lookup.classes] == [1, 2]
    assert lookup.find(2.0) == 1


def test_fractions_are_refused_with_the_values_found():
    with pytest.raises(SamplesError, match=r"fractions \(1\.5\)"):
        class_lookup([1.0, 1.5], "real")


@pytest.mark.parametrize(("values", "kind"), [([None, 0], "integer"), (["", " "], "text"), ([], "integer")])
def test_a_field_without_any_class_is_an_error(values, kind):
    with pytest.raises(SamplesError, match="empty"):
        class_lookup(values, kind)


def test_numbers_mixed_with_names_are_an_error():
    with pytest.raises(SamplesError, match="mixes numbers"):
        class_lookup(["1", "water"], "text")


@pytest.mark.parametrize("value", [-1, 65536])
def test_values_that_a_map_cannot_hold_are_refused_with_a_remedy(value):
    with pytest.raises(ClassesError, match="Renumber"):
        class_lookup([1, value], "integer")


def test_the_class_list_decides_over_numbers():
    classes = (LandClass(9, "soil", "#000000"), LandClass(2, "tree", "#00ff00"))
    lookup = class_lookup([2, 9, 9, 70000, 4], "integer", classes)
    assert lookup.classes == classes
    assert [lookup.find(v) for v in (9, 2, 4, 70000)] == [0, 1, -1, -1]
    assert lookup.notes == ("2 features ignored: 4, 70000 not in the class list.",)


def test_the_class_list_decides_over_names():
    classes = (LandClass(5, "water", "#0000ff"),)
    lookup = class_lookup(["water", "1", "roof"], "text", classes)
    assert [lookup.find(v) for v in ("water", "roof")] == [0, -1]


def test_a_class_list_that_fits_no_value_is_an_error_naming_both():
    with pytest.raises(SamplesError, match=r"found 1, 2, the list has 8"):
        class_lookup([1, 2], "integer", (LandClass(8, "x", "#000000"),))


def test_long_lists_of_values_are_cut():
    with pytest.raises(SamplesError, match="and 12 more"):
        class_lookup(range(1, 21), "integer", (LandClass(80, "x", "#000000"),))


def test_a_fraction_stays_recognisable():
    assert clean_value(2.5, "real") == "2.5"
