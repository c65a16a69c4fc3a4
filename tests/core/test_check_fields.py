"""A field of a check is written once: model, leaf, schema and row have it by its one name."""

import dataclasses

import pytest

from monitor.core.journal.check_fields import FIELDS, CheckField, read_fields, stored_fields
from monitor.core.journal.leaf_schema import FIELDS as LEAVES
from monitor.core.journal.recorded import check_of
from monitor.core.model.check import Check
from monitor.store.tables.check_tables import ObservationRow, table_of
from tests.support.outcomes import at, observation


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_field_stands_in_model_leaf_and_row(field: CheckField) -> None:
    column = table_of(ObservationRow).c[field.name]

    assert field.name in {one.name for one in dataclasses.fields(Check)}
    assert LEAVES["observation"][field.name + "?" * field.optional] == field.kind
    assert column.nullable is field.optional
    assert column.type.python_type is {"integer": int, "text": str}[field.kind]


def test_what_is_stored_is_read_back() -> None:
    check = check_of(observation("anef", at(0)))
    unknown = dataclasses.replace(check, detail="", clock_offset_us=None, server_offset_us=None)
    for one in (check, unknown, dataclasses.replace(check, detail="hôte injoignable")):
        back = read_fields(stored_fields(one))
        assert dataclasses.replace(one, **back) == one


def test_what_is_unknown_is_left_out_and_what_must_be_there_is_not() -> None:
    assert read_fields({"duration_us": 5}) == {
        "duration_us": 5, "clock_offset_us": None, "server_offset_us": None, "detail": ""
    }  # fmt: skip
    with pytest.raises(KeyError):
        read_fields({})
