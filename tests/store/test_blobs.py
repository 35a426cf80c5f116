from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rfhydra.errors import Damaged, InvalidMessage, NotFound
from rfhydra.store.arrays import decode_array, encode_array
from rfhydra.store.blobs import BlobStore, digest_of

shared_between_examples = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    store = BlobStore(tmp_path / "blobs")
    store.prepare()
    return store


def collect(blobs: BlobStore, referenced: set[str], limit: int = 100) -> int:
    return sum(blobs.collect(prefix, lambda stored: {*stored} - referenced, limit) for prefix in blobs.prefixes())


def file_of(tmp_path: Path, digest: str) -> Path:
    return tmp_path / "blobs" / digest[:2] / digest[2:]


@shared_between_examples
@given(st.binary(max_size=300))
def test_what_is_put_is_got(blobs: BlobStore, data: bytes) -> None:
    digest = blobs.put(data)
    assert digest == digest_of(data)
    assert blobs.put(data) == digest
    assert blobs.get(digest) == data


def test_a_blob_that_is_not_there(blobs: BlobStore) -> None:
    with pytest.raises(NotFound, match="no blob"):
        blobs.get(digest_of(b"elsewhere"))


def test_a_damaged_blob_is_noticed_and_healed_by_its_data(blobs: BlobStore, tmp_path: Path) -> None:
    digest = blobs.put(b"weights")
    file_of(tmp_path, digest).write_bytes(b"heights")
    with pytest.raises(Damaged, match="does not match its digest"):
        blobs.get(digest)
    blobs.put(b"weights")
    assert blobs.get(digest) == b"weights"


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 65, "a" * 64 + "\n"])
def test_only_a_digest_becomes_a_path(blobs: BlobStore, digest: str) -> None:
    with pytest.raises(InvalidMessage, match="64 lower-case hex digits"):
        blobs.get(digest)


@shared_between_examples
@given(st.sets(st.binary(max_size=3), max_size=8), st.sets(st.binary(max_size=3), max_size=8))
def test_collection_leaves_what_is_referenced(blobs: BlobStore, kept: set[bytes], dropped: set[bytes]) -> None:
    collect(blobs, set())
    for data in kept | dropped:
        blobs.put(data)
    assert collect(blobs, {digest_of(data) for data in kept}) == len(dropped - kept)
    assert {blobs.get(digest_of(data)) for data in kept} == kept


@settings(deadline=None, max_examples=40)
@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2)))
def test_an_array_has_one_encoding_however_it_lies_in_memory(array: np.ndarray) -> None:
    encoded = encode_array(array)
    assert encode_array(np.asfortranarray(array)) == encoded
    np.testing.assert_array_equal(decode_array(encoded), array)


def test_the_encoding_of_an_array_never_changes() -> None:
    """The ids of all samples hang on it."""
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert digest_of(encode_array(array)) == "1aa49be8db2728d7ecdcc4ec0f3f18181827aaeffc9b890db59bda865076448a"


def test_nothing_is_collected_while_somebody_reads(blobs: BlobStore, tmp_path: Path) -> None:
    digest = blobs.put(b"weights")
    reader = BlobStore(tmp_path / "blobs")
    with reader.kept(), reader.kept():
        assert collect(blobs, set()) == 0
        assert reader.get(digest) == b"weights"
    assert collect(blobs, set()) == 1


def test_a_slice_of_a_collection_removes_no_more_than_its_limit(blobs: BlobStore) -> None:
    first = blobs.put(b"0")[:2]
    same = [data for data in map(str, range(2000)) if digest_of(data.encode()).startswith(first)]
    for data in same:
        blobs.put(data.encode())
    assert len(same) > 2
    assert collect(blobs, set(), limit=2) == 2
