"""Seal a model file: embed its contract and a digest that detects any alteration.

An ONNX file keeps metadata as pairs of texts. Two of them are ours: the contract, and the SHA-256
of the whole file with the digest's own 64 characters set to zeros. So any altered byte is detected,
in the weights or the contract, and so is a truncated file.
"""

import hashlib

from gridcast.models.contract import Contract, DamagedError

CONTRACT = "gridcast.contract"
DIGEST = "gridcast.digest"

_UNSEALED = b"0" * 64


def seal(graph: bytes, contract: Contract) -> bytes:
    """Embed a contract and the digest into an ONNX file that has none.

    The same graph and contract give the same bytes.
    """
    if _MARK in graph:
        raise ValueError("the file is sealed already")
    # The fields of a protobuf message may follow in any order: what is appended is part of it.
    whole = graph + _pair(CONTRACT, contract.to_bytes()) + _pair(DIGEST, _UNSEALED)
    return whole.removesuffix(_UNSEALED) + _digest(whole)


def check_seal(data: bytes) -> bool:
    """Return True if a file is sealed; raise DamagedError if it was altered since."""
    found = data.count(_MARK)
    if found != 1:
        if found:
            raise DamagedError("the file carries two digests")
        return False
    at = data.index(_MARK) + len(_MARK)
    said = data[at : at + len(_UNSEALED)]
    if said != _digest(data[:at] + _UNSEALED + data[at + len(_UNSEALED) :]):
        raise DamagedError("the file was altered or cut short: its digest differs")
    return True


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()


def _pair(key: str, value: bytes) -> bytes:
    """Encode one entry of `ModelProto.metadata_props`: field 14, a message of two texts."""
    entry = _field(1, key.encode()) + _field(2, value)
    return _field(14, entry)


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    parts = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


_MARK = _pair(DIGEST, _UNSEALED).removesuffix(_UNSEALED)
