"""Whether a table that is there is one of ours: for those who write it and those who read it."""

from __future__ import annotations

import pyarrow as pa

from streams.errors import LakeError

__all__ = ["require_columns"]


def require_columns(place: str, found: pa.Schema, wanted: pa.Schema) -> list[pa.Field]:
    """The columns that a table lacks and may be given, because an older release made it.

    Raises:
        LakeError: it is not one of ours: a column that every row has is missing, or one is of another type.
    """
    missing = []
    for field in wanted:
        at = found.get_field_index(field.name)
        if at < 0 and not field.nullable:
            raise LakeError(
                f"{place}: there is a table without the column {field.name}, so something else wrote it: "
                "choose another lake.path"
            )
        if at < 0:
            missing.append(field)
        elif not _alike(found.field(at).type, field.type):
            raise LakeError(
                f"{place}: column {field.name} is {found.field(at).type} and must be {field.type}: something "
                "else wrote or changed the table; choose another lake.path"
            )
    return missing


def _alike(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether the types hold the same values, whatever widths and names a format gives them."""
    if pa.types.is_list(wanted):
        is_list = pa.types.is_list(found) or pa.types.is_large_list(found)
        return bool(is_list and _alike(found.value_type, wanted.value_type))
    if pa.types.is_struct(wanted):
        return bool(
            pa.types.is_struct(found)
            and all(
                found.get_field_index(field.name) >= 0 and _alike(found.field(field.name).type, field.type)
                for field in wanted
            )
        )
    if pa.types.is_string(wanted) or pa.types.is_binary(wanted):
        texts = (pa.string(), pa.large_string(), pa.string_view())
        blobs = (pa.binary(), pa.large_binary(), pa.binary_view())
        return found in (texts if pa.types.is_string(wanted) else blobs)
    if pa.types.is_timestamp(wanted):
        return bool(pa.types.is_timestamp(found) and found.unit == "us" and found.tz)
    return bool(found == wanted)
