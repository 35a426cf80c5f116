"""Arrays as blobs: ``.npy`` format 1.0, C order, no pickle; equal arrays have equal bytes and digests."""

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


def encode_array(array: "NDArray[Any]") -> bytes:
    """``array`` as the bytes of an ``.npy`` file."""
    import numpy as np

    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def decode_array(data: bytes) -> "NDArray[Any]":
    """The inverse of :func:`encode_array`; the array may be written to."""
    import numpy as np

    array: NDArray[Any] = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    return array
