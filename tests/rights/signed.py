"""Videos with C2PA manifests, signed by a certificate authority of the test's own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from c2pa import Builder, C2paBuilderIntent, C2paDigitalSourceType, C2paSignerInfo, Signer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def assertion(label: str = "cawg.training-mining", **uses: str) -> dict[str, Any]:
    """An assertion in which ``ai_generative_training="notAllowed"`` is an entry of the label's own kind."""
    kind = label.partition(".")[0]
    return {"label": label, "data": {"entries": {f"{kind}.{key}": {"use": use} for key, use in uses.items()}}}


def sign(source: Path, to: Path, *assertions: dict[str, Any], edited: bool = False, remote: str | None = None) -> Path:
    """Sign a copy of a video.

    Args:
        source: the video.
        to: where the copy is written, in a container that holds manifests.
        assertions: of its own manifest.
        edited: whether it was made from ``source``, which then is its parent.
        remote: the manifest is not in the file, but at this address.
    """
    claim = {"claim_generator_info": [{"name": "test", "version": "1"}], "assertions": list(assertions)}
    builder = Builder(json.dumps(claim))
    if edited:
        builder.set_intent(C2paBuilderIntent.EDIT)
    else:
        builder.set_intent(C2paBuilderIntent.CREATE, C2paDigitalSourceType.DIGITAL_CAPTURE)
    if remote:
        builder.set_remote_url(remote)
        builder.set_no_embed()
    chain, key = certificates()
    builder.sign_file(str(source), str(to), Signer.from_info(C2paSignerInfo(b"es256", chain, key, None)))
    return to


def overwrite(path: Path, to: Path, old: bytes, new: bytes) -> Path:
    """Write a copy in which some bytes are others."""
    data = path.read_bytes()
    assert old in data
    assert len(old) == len(new)
    to.write_bytes(data.replace(old, new))
    return to


@cache
def certificates() -> tuple[bytes, bytes]:
    """PEM of a leaf with its authority, and the leaf's key: what C2PA asks of a signer, and nobody's list of the trusted has."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    chain = _certificate("leaf", key.public_key(), authority, of_authority=False)
    chain += _certificate("authority", authority.public_key(), authority, of_authority=True)
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return chain, key.private_bytes(*pem)


def _certificate(
    name: str, key: ec.EllipticCurvePublicKey, authority: ec.EllipticCurvePrivateKey, *, of_authority: bool
) -> bytes:
    day, now = timedelta(days=1), datetime.now(UTC)
    usages = dict.fromkeys(
        (
            "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
            "decipher_only",
        ),
        False,
    )  # fmt: skip
    usage = x509.KeyUsage(
        digital_signature=not of_authority, key_cert_sign=of_authority, crl_sign=of_authority, **usages
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named("authority"))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + 30 * day)
        .add_extension(x509.BasicConstraints(ca=of_authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
    )
    if not of_authority:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _named(name: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
