from __future__ import annotations

import pytest
from landfuse.core.data.class_field import FieldRules, class_lookup, clean_value
from landfuse.core.data.classes import LandClass
from landfuse.core.errors import ClassesError, SamplesError

ZERO_OFFER = "with class 0 is taken as unlabelled; CLASS_ZERO=class (--class-zero class) makes 0 a class."


def as_pairs(lookup):
    return [(c.value, c.name) for c in lookup.classes]


def test_whole_numbers_are_class_values_as_they_are():
    lookup = class_lookup([7, 3, 3, 0, None], FieldRules("integer"))
    assert [c.value for c in lookup.classes] == [3, 7]
    assert [lookup.find(v) for v in (3, 7, 0, None, 5)] == [0, 1, -1, -1, -1]
    assert lookup.notes == (
        "1 feature without a class ignored.",
        f"1 feature {ZERO_OFFER}",
    )


def test_names_are_numbered_in_code_point_order():
    lookup = class_lookup(["water", "Wald", "Äcker", " water ", "", "  ", None], FieldRules("text"))
    assert as_pairs(lookup) == [(1, "Wald"), (2, "water"), (3, "Äcker")]
    assert lookup.find(" water") == 1
    assert lookup.notes == (
        "3 features without a class ignored.",
        "Written in several ways and taken as one class 'water': ' water ', 'water'.",
    )


def test_case_and_blanks_make_no_class_and_the_most_frequent_spelling_is_the_name():
    values = ["FOREST", "Forest", "forest ", "Forest", "tall  grass", "Tall grass", "tall grass", None]
    lookup = class_lookup(values, FieldRules("text"))
    assert as_pairs(lookup) == [(1, "Forest"), (2, "tall grass")]
    assert [lookup.find(v) for v in values] == [0, 0, 0, 0, 1, 1, 1, -1]
    several = "Written in several ways and taken as one class"
    assert lookup.notes[1:] == (
        f"{several} 'Forest': 'FOREST', 'Forest', 'forest '.",
        f"{several} 'tall grass': 'Tall grass', 'tall  grass', 'tall grass'.",
    )


def test_spellings_as_frequent_as_each_other_are_settled_by_code_point():
    assert as_pairs(class_lookup(["reed", "Reed"], FieldRules("text"))) == [(1, "Reed")]


def test_numbers_stored_as_text_are_names():
    assert as_pairs(class_lookup(["10", "9"], FieldRules("text"))) == [(1, "10"), (2, "9")]


def test_real_numbers_without_fractions_are_class_values():
    lookup = class_lookup([2.0, 1.0, float("nan")], FieldRules("real"))
    assert [c.value for c in lookup.classes] == [1, 2]
    assert lookup.find(2.0) == 1


def test_fractions_are_refused_with_the_values_found():
    with pytest.raises(SamplesError, match=r"fractions \(1\.5\)"):
        class_lookup([1.0, 1.5], FieldRules("real"))


@pytest.mark.parametrize(("values", "kind"), [([None, 0], "integer"), (["", " "], "text"), ([], "integer")])
def test_a_field_without_any_class_is_an_error(values, kind):
    with pytest.raises(SamplesError, match="empty"):
        class_lookup(values, FieldRules(kind))


def test_numbers_mixed_with_names_are_an_error():
    with pytest.raises(SamplesError, match="mixes numbers"):
        class_lookup(["1", "water"], FieldRules("text"))


@pytest.mark.parametrize("value", [-1, 65536])
def test_values_that_a_map_cannot_hold_are_refused_with_a_remedy(value):
    with pytest.raises(ClassesError, match="Renumber"):
        class_lookup([1, value], FieldRules("integer"))


def test_the_class_list_decides_over_numbers():
    classes = (LandClass(9, "soil", "#000000"), LandClass(2, "tree", "#00ff00"))
    lookup = class_lookup([2, 9, 9, 70000, 4], FieldRules("integer"), classes)
    assert lookup.classes == classes
    assert [lookup.find(v) for v in (9, 2, 4, 70000)] == [0, 1, -1, -1]
    assert lookup.notes == ("2 features ignored: 4, 70000 not in the class list.",)


def test_the_class_list_decides_over_names():
    classes = (LandClass(5, "water", "#0000ff"),)
    lookup = class_lookup(["water", "1", "roof"], FieldRules("text"), classes)
    assert [lookup.find(v) for v in ("water", "roof")] == [0, -1]


def test_a_class_list_takes_names_in_any_case():
    classes = (LandClass(5, "Open Water", "#0000ff"), LandClass(6, "roof", "#ff0000"))
    lookup = class_lookup(["open  water", "ROOF", "roof"], FieldRules("text"), classes)
    assert [lookup.find(v) for v in ("open  water", "ROOF", "roof")] == [0, 1, 1]
    assert lookup.notes == ("Written in several ways and taken as one class 'roof': 'ROOF', 'roof'.",)


def test_a_class_list_with_two_spellings_keeps_them_apart():
    classes = (LandClass(1, "Ac", "#0000ff"), LandClass(2, "AC", "#ff0000"))
    lookup = class_lookup(["Ac", "AC", "ac"], FieldRules("text"), classes)
    assert [lookup.find(v) for v in ("Ac", "AC", "ac")] == [0, 1, 0]


def test_zero_becomes_a_class_with_the_smallest_free_value_when_asked():
    lookup = class_lookup([0, 1, 3, 0, None], FieldRules("integer", zero="class"))
    assert [(c.value, c.name, c.source) for c in lookup.classes] == [
        (1, "class 1", None),
        (2, "class 0", 0),
        (3, "class 3", None),
    ]
    assert [lookup.find(v) for v in (0, 1, 3, None)] == [1, 0, 2, -1]
    assert "Class 0 is class 2 ('class 0') in the map." in lookup.notes


def test_renumbered_classes_ascend_and_keep_their_old_value_in_the_name():
    rules = FieldRules("integer", renumber=True)
    lookup = class_lookup([70000, -5, 3, 0], rules, names={3: "Reed"})
    assert as_pairs(lookup) == [(1, "class -5"), (2, "Reed"), (3, "class 70000")]
    assert [lookup.find(v) for v in (-5, 3, 70000, 0)] == [0, 1, 2, -1]
    assert lookup.notes[-1] == "Class values are renumbered: -5 to 1, 3 to 2, 70000 to 3."


def test_zero_takes_part_in_the_renumbering_where_it_is_a_class():
    lookup = class_lookup([0, -1, 7], FieldRules("integer", zero="class", renumber=True))
    assert [(c.value, c.source) for c in lookup.classes] == [(1, -1), (2, 0), (3, 7)]


@pytest.mark.parametrize(
    "rules", [FieldRules("integer", zero="class"), FieldRules("integer", zero="class", renumber=True)]
)
def test_other_samples_follow_the_classes_found_in_the_first(rules):
    first = class_lookup([-4, 9, 0, 5] if rules.renumber else [0, 1, 4], rules)
    for value in (0, 9 if rules.renumber else 4):
        other = class_lookup([value], rules, first.classes)
        assert other.find(value) == first.find(value)


def test_a_copy_with_the_final_values_is_read_as_it_is():
    """The copy beside a model holds class values, its class list still says what they were before."""
    classes = class_lookup([-4, 9], FieldRules("integer", renumber=True)).classes
    copy = class_lookup([1, 2], FieldRules("integer"), classes)
    assert [copy.find(v) for v in (1, 2, 9)] == [0, 1, -1]


def test_a_class_list_that_fits_no_value_is_an_error_naming_both():
    with pytest.raises(SamplesError, match=r"found 1, 2, the list has 8"):
        class_lookup([1, 2], FieldRules("integer"), (LandClass(8, "x", "#000000"),))


def test_long_lists_of_values_are_cut():
    with pytest.raises(SamplesError, match="and 12 more"):
        class_lookup(range(1, 21), FieldRules("integer"), (LandClass(80, "x", "#000000"),))


def test_a_fraction_stays_recognisable():
    assert clean_value(2.5, "real") == "2.5"
