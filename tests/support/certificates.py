"""Certificates of an authority that lives for one test run, as the PEM files that Kafka reads."""

from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


class Authority:
    """An authority, and whom it has certified: all in one folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.file = folder / "authority.pem"
        self._folder = folder
        self._authority = trustme.CA()
        self._authority.cert_pem.write_to_path(str(self.file))

    def certify(self, name: str, password: bytes | None = None) -> tuple[Path, Path]:
        """Certify a host or a client; gives the files of the certificate and of its key."""
        issued = self._authority.issue_cert(name, common_name=name)
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        # Kafka reads keys in PKCS #8 only.
        key.write_bytes(
            load_pem_private_key(issued.private_key_pem.bytes(), None).private_bytes(
                Encoding.PEM,
                PrivateFormat.PKCS8,
                NoEncryption() if password is None else BestAvailableEncryption(password),
            )
        )
        return certificate, key

    def keystore(self, name: str) -> Path:
        """Certify a host; gives one file with its key and its certificate, as Kafka wants it."""
        certificate, key = self.certify(name)
        store = self._folder / f"{name}.store.pem"
        store.write_bytes(key.read_bytes() + certificate.read_bytes())
        return store
