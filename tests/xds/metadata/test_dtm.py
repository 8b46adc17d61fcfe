"""xds.metadata.dtm: real dates in UTC, as precise as they were written."""

from datetime import UTC, datetime

import pytest
from hypothesis import given

from tests.strategies.metadata import dtms
from xds.metadata.datatype import DatatypeError
from xds.metadata.dtm import LENGTHS, parse_dtm


@given(dtms)
def test_a_date_of_any_precision_keeps_its_text_and_spans_time(text):
    dtm = parse_dtm(text)
    assert dtm.text == text
    assert dtm.earliest < dtm.after
    assert dtm.padded.startswith(text)
    assert parse_dtm(dtm.padded).earliest == dtm.earliest


@given(dtms, dtms)
def test_padded_texts_sort_as_time_does(a, b):
    one, other = parse_dtm(a), parse_dtm(b)
    assert (one.padded < other.padded) == (one.earliest < other.earliest)


@pytest.mark.parametrize(
    ("text", "earliest", "after"),
    [
        ("2005", (2005, 1, 1), (2006, 1, 1)),
        ("200512", (2005, 12, 1), (2006, 1, 1)),
        ("200402", (2004, 2, 1), (2004, 3, 1)),
        ("20040229", (2004, 2, 29), (2004, 3, 1)),
        ("2005010223", (2005, 1, 2, 23), (2005, 1, 3)),
        ("200501020304", (2005, 1, 2, 3, 4), (2005, 1, 2, 3, 5)),
        ("20050102030459", (2005, 1, 2, 3, 4, 59), (2005, 1, 2, 3, 5)),
    ],
)
def test_a_date_is_the_span_from_its_first_instant_to_the_next(text, earliest, after):
    dtm = parse_dtm(text)
    assert dtm.earliest == datetime(*earliest, tzinfo=UTC)
    assert dtm.after == datetime(*after, tzinfo=UTC)


@pytest.mark.parametrize("text", ["9999", "999912", "99991231", "99991231235959"])
def test_the_last_dates_end_with_time_itself(text):
    assert parse_dtm(text).after > parse_dtm(text).earliest


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("20170222110000+02:00", "UTC"),
        ("20170222110000+0200", "UTC"),
        ("201702221100-0500", "UTC"),
        ("20170222110000.123+0100", "UTC"),
        ("20170222110000Z", "UTC"),
        ("202205121104360400", "14 digits, not 18"),
        ("1950-10-07", "ISO 8601"),
        ("2017-02-22T11:00:00", "ISO 8601"),
        ("20170222110000.5", "digits only"),
        ("\uff12\uff10\uff11\uff17", "digits only"),
        ("", "digits only"),
        ("20", "not 2"),
        ("200513", "real"),
        ("20050229", "real"),
        ("2005010224", "real"),
        ("200501020360", "real"),
        ("20050102030460", "real"),
        ("0000", "real"),
    ],
)
def test_what_is_no_utc_date_is_refused_by_its_own_rule(text, word):
    with pytest.raises(DatatypeError, match=word) as error:
        parse_dtm(text)
    assert "YYYY" in error.value.expected
    assert error.value.fix


@pytest.mark.parametrize("length", LENGTHS)
def test_a_query_s_range_includes_its_from_and_excludes_its_to(length):
    edge = parse_dtm("20050102030405"[:length])
    assert edge.is_within(edge, None)
    assert not edge.is_within(None, edge)
    assert edge.is_within(None, None)


@pytest.mark.parametrize(
    ("time", "lower", "upper", "is_within"),
    [
        ("20050615", "2005", "2006", True),
        ("2005", "2005", "2006", True),
        ("2006", "2005", "2006", False),
        ("20060101000000", "2005", "2006", False),
        ("20051231235959", "2005", "2006", True),
        ("2004", "2005", "2006", False),
    ],
)
def test_ranges_of_mixed_precision_compare_first_seconds(time, lower, upper, is_within):
    assert parse_dtm(time).is_within(parse_dtm(lower), parse_dtm(upper)) is is_within
