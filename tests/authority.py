"""An authority of the tests' own that vouches for receivers on loopback, so that they can speak https."""

import ssl
from pathlib import Path

import trustme


class Authority:
    """One authority; its certificate lies at `ca_file`."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self._folder = folder
        self.ca_file = folder / "authority.pem"
        self._ca.cert_pem.write_to_path(str(self.ca_file))

    def tls(self) -> ssl.SSLContext:
        """Return what a receiver on 127.0.0.1 proves itself with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert("127.0.0.1", "localhost").configure_cert(context)
        return context

    def files(self) -> tuple[Path, Path]:
        """Return the files of a key and of a certificate for 127.0.0.1, for a receiver in another language."""
        issued = self._ca.issue_cert("127.0.0.1", "localhost")
        key, certificate = self._folder / "key.pem", self._folder / "certificate.pem"
        issued.private_key_pem.write_to_path(str(key))
        issued.cert_chain_pems[0].write_to_path(str(certificate))
        return key, certificate
