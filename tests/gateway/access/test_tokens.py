"""JSON Web Tokens, signed by keys that rotate."""

import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from gridcast.gateway.access.gate import AccessGate, has_expired
from gridcast.gateway.access.identity import AccessDenied, Identity
from gridcast.schemas.gateway import Authenticate, Scope
from gridcast.stream.errors import UserError
from gridcast.stream.settings import Settings

RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ISSUER = "https://login.example"


def jwk(kind: Any, key: Any, name: str, algorithm: str) -> dict[str, Any]:
    public: dict[str, Any] = kind.to_jwk(key.public_key(), as_dict=True)
    return public | {"kid": name, "alg": algorithm}


OLD = jwk(RSAAlgorithm, RSA_KEY, "old", "RS256")
NEW = jwk(ECAlgorithm, EC_KEY, "new", "ES256")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [OLD]}))
    return path


def gate(file: Path) -> AccessGate:
    return AccessGate(Settings(gateway_jwks_file=file, gateway_jwt_issuer=ISSUER))


def token(key: Any = RSA_KEY, kid: str = "old", algorithm: str = "RS256", **claims: Any) -> str:
    whole = {
        "sub": "u-1",
        "iss": ISSUER,
        "aud": "gridcast",
        "exp": time.time() + 60,
        "scope": "read profile",
    } | claims
    wanted = {claim: value for claim, value in whole.items() if value is not None}
    return jwt.encode(wanted, key, algorithm, {"kid": kid})


def identify(file: Path, given: str) -> Identity:
    return gate(file).identify(Authenticate(token=given))


def test_a_token_gives_its_identity_and_scopes(file: Path) -> None:
    identity = identify(file, token(scope="read acknowledge openid", gridcast_below=["f-1"]))
    assert (identity.who, identity.account) == ("u-1", "token/u-1")
    assert identity.scopes == {Scope.READ, Scope.ACKNOWLEDGE}
    assert identity.below == {"f-1"}
    assert identify(file, token(sub="u-2")).who == "u-2"


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"exp": time.time() - 60}, "has expired"),
        ({"exp": None}, "exp"),
        ({"iss": "https://evil.example"}, "issuer"),
        ({"iss": None}, "iss"),
        ({"aud": "another"}, "[Aa]udience"),
        ({"aud": None}, "aud"),
        ({"sub": None}, "sub"),
        ({"nbf": 2**33}, "not yet valid"),
        ({"gridcast_below": "f-1"}, "invalid claims"),
        ({"gridcast_below": ["no id"]}, "invalid claims"),
    ],
)
def test_an_invalid_token_is_not_accepted(file: Path, claims: dict[str, Any], message: str) -> None:
    with pytest.raises(AccessDenied, match=message):
        identify(file, token(**claims))


def test_a_token_that_somebody_else_signed_is_not_accepted(file: Path) -> None:
    another = rsa.generate_private_key(65537, 2048)
    with pytest.raises(AccessDenied):
        identify(file, token(another))
    with pytest.raises(AccessDenied, match="no such key"):
        identify(file, token(another, kid="mine"))


def test_a_token_without_a_signature_is_not_accepted(file: Path) -> None:
    claims = jwt.decode(token(), options={"verify_signature": False})
    with pytest.raises(AccessDenied):
        identify(file, jwt.encode(claims, None, "none", {"kid": "old"}))  # type: ignore[arg-type]


def test_the_public_key_is_no_secret_to_sign_with(file: Path) -> None:
    """The old attack: HMAC with the public key, accepted if the token's `alg` is trusted."""
    pem = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims = jwt.decode(token(), options={"verify_signature": False})
    forged = jwt.api_jws.PyJWS()
    forged.get_algorithm_by_name("HS256").prepare_key = lambda key: key  # type: ignore[method-assign]
    with pytest.raises(AccessDenied):
        identify(
            file,
            forged.encode(json.dumps(claims).encode(), pem, "HS256", headers={"kid": "old"}),
        )


@pytest.mark.parametrize("given", ["", "a.b.c", "s3cret", "." * 8_000, "é.é.é"])
def test_a_malformed_token_is_not_accepted_nor_repeated(file: Path, given: str) -> None:
    with pytest.raises(AccessDenied) as error:
        identify(file, given)
    assert "s3cret" not in str(error.value)


def test_keys_rotate_without_a_restart(file: Path) -> None:
    opened = gate(file)
    fresh = Authenticate(token=token(EC_KEY, "new", "ES256"))
    with pytest.raises(AccessDenied):
        opened.identify(fresh)
    file.write_text(json.dumps({"keys": [OLD, NEW]}))
    assert opened.identify(fresh).who == "u-1"
    identity = opened.identify(Authenticate(token=token()))
    file.write_text(json.dumps({"keys": [NEW]}))
    assert "no such key" in opened.why_revoked(identity, Authenticate(token=token()))
    assert opened.identify(fresh).who == "u-1"


def test_a_token_expires_while_somebody_is_connected(file: Path) -> None:
    assert not has_expired(identify(file, token()))
    assert has_expired(identify(file, token(exp=time.time() - 5)))  # clocks may differ by 10 s


def test_an_identity_has_the_name_and_the_subject_of_its_token(file: Path) -> None:
    assert identify(file, token(name="Anna")).who == "Anna (u-1)"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ([OLD, OLD], "a `kid` of its own"),
        ([{name: OLD[name] for name in OLD if name != "kid"}], "a `kid` of its own"),
        (
            [{"kty": "oct", "k": "c2VjcmV0", "kid": "s", "alg": "HS256"}],
            "HS256 is not a public-key",
        ),
        ([], "no JWK set"),
    ],
)
def test_a_mistake_in_the_keys_is_one_clear_line(
    file: Path, keys: list[dict[str, Any]], message: str
) -> None:
    file.write_text(json.dumps({"keys": keys}))
    with pytest.raises(UserError, match=message):
        gate(file)


def test_tokens_need_an_issuer(file: Path) -> None:
    with pytest.raises(UserError, match="gateway_jwt_issuer"):
        AccessGate(Settings(gateway_jwks_file=file))
