"""Signing in at an OpenID Connect provider, such as Slack: asks it who somebody is, and checks what it says."""

from dataclasses import dataclass
from functools import cached_property
from secrets import token_urlsafe
from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from connectors.base import Clock
from monitor.config.model import Oidc

SLOWEST = 10.0
"""Seconds for one question to the provider."""
ALGORITHMS = ["RS256", "ES256", "PS256", "EdDSA"]


class Unwelcome(Exception):
    """The provider or its answer doesn't let the person in; the message says why, to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What the browser keeps while its person is at the provider, and brings back."""

    state: str
    nonce: str
    verifier: str

    def __str__(self) -> str:
        return f"{self.state}.{self.nonce}.{self.verifier}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who somebody is, as the provider says."""

    subject: str
    """The same for ever: issuer and id."""
    email: str
    """Confirmed, and of a domain that is let in."""


class Provider:
    """One provider. Asks it only when somebody signs in."""

    def __init__(self, options: Oidc, back: str, clock: Clock) -> None:
        """`back` is our address that it sends people back to."""
        self.options = options
        self._back = back
        self._clock = clock

    def begin(self) -> tuple[str, Visit]:
        """Where to send somebody, and what their browser has to keep. Raises Unwelcome."""
        visit = Visit(state=token_urlsafe(24), nonce=token_urlsafe(24), verifier=token_urlsafe(48))
        with self._client() as client:
            url, _ = client.create_authorization_url(
                self._told["authorization_endpoint"],
                state=visit.state,
                nonce=visit.nonce,
                code_verifier=visit.verifier,
            )
        return str(url), visit

    def finish(self, code: str, state: str, kept: str) -> Person:
        """Who has come back, by what they bring and what their browser kept. Raises Unwelcome."""
        parts = kept.split(".")
        if len(parts) != 3 or not code or parts[0] != state:
            raise Unwelcome("This sign-in was begun elsewhere or too long ago. Try again.")
        visit = Visit(state=parts[0], nonce=parts[1], verifier=parts[2])
        try:
            with self._client() as client:
                answer = client.fetch_token(self._told["token_endpoint"], code=code, code_verifier=visit.verifier)
            claims = self._checked(str(answer["id_token"]), visit)
        except (AuthlibBaseError, JoseError, httpx.HTTPError, LookupError, TypeError, ValueError) as error:
            raise Unwelcome(f"{self.options.label} did not confirm who you are ({type(error).__name__}).") from None
        email = str(claims.get("email", "")).lower()
        if claims.get("email_verified") is not True or email.rpartition("@")[2] not in self.options.domains:
            raise Unwelcome("Your mail address is not one of those that are let in here.")
        return Person(subject=f"{claims['iss']} {claims['sub']}", email=email)

    @cached_property
    def _told(self) -> dict[str, Any]:
        """What the provider says of itself."""
        try:
            found: dict[str, Any] = self._get(f"{self.options.issuer.rstrip('/')}/.well-known/openid-configuration")
            if found["issuer"] != self.options.issuer:
                raise Unwelcome(f"{self.options.label} calls itself {found['issuer']!r}, not as `issuer` says.")
        except (httpx.HTTPError, LookupError, TypeError, ValueError) as error:
            raise Unwelcome(f"{self.options.label} can't be reached ({type(error).__name__}).") from None
        return found

    def _checked(self, token: str, visit: Visit) -> dict[str, Any]:
        keys = KeySet.import_key_set(self._get(self._told["jwks_uri"]))
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        jwt.JWTClaimsRegistry(
            now=int(self._clock().timestamp()),
            leeway=60,
            iss={"essential": True, "value": self.options.issuer},
            aud={"essential": True, "value": self.options.client_id},
            nonce={"essential": True, "value": visit.nonce},
            exp={"essential": True},
            sub={"essential": True},
        ).validate(claims)
        return claims

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            self.options.client_id,
            self.options.client_secret.reveal(),
            scope="openid email profile",
            redirect_uri=self._back,
            code_challenge_method="S256",
            timeout=SLOWEST,
        )

    def _get(self, address: str) -> Any:
        return httpx.get(address, timeout=SLOWEST).raise_for_status().json()
