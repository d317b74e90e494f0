"""Use case: log in with password and one-time code, set both up by a link, log out. Each way in, and each way
that was refused, is an event in the transaction that decided it.

1. The attempt is counted, or turned away before anything is looked at. 2. The password is worked out, also
where there is none. 3. The code's time step is found. 4. One transaction: step spent, brake released, session
begun, event. What is wrong is never said: a name, a password and a code that do not fit look alike.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.console import brakes, factors, links, passwords, people, sessions, traces
from gateway.console.asked import Denied, Desk
from gateway.console.people import Person
from gateway.console.sessions import Limits
from gateway.console.traces import Where
from gateway.custody import audit
from gateway.custody.jobs import SECOND

WRONG = "Log-in name, password and code do not fit together. Check all three and try again."
_GONE = "This link was used, is too old, or is not whole. Ask for a new one: careloom officer invite NAME."
_OLD_CODE = (
    "The code does not fit. Wait for your app's next one, and check that the time of your device is right."
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody typed to log in."""

    login: str
    password: str
    code: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody chose behind a link: a password, twice, and the first code of their app."""

    password: str
    again: str
    code: str


@dataclass(frozen=True, slots=True)
class Welcome:
    """Whom a link is for, and the secret for their app."""

    person: Person
    secret: str


@dataclass(frozen=True, slots=True)
class Entrance:
    """Lets people in."""

    desk: Desk
    where: Where

    @property
    def limits(self) -> Limits:
        return limits_of(self.desk)

    def log_in(self, attempt: Attempt) -> bytes:
        """The token of a new session. Raises ``Denied``."""
        database = self.desk.vault.database
        pressed = brakes.of_attempt(self.desk.sealing, attempt.login, self.where.address)
        with database.write() as conn:
            wait = brakes.press(conn, pressed, self.where.now)
        if wait:
            # Not an event each: that would be the flood which the brake is there to stop.
            raise Denied(429, f"Too many attempts. Wait {_in_words(wait)}, then try again.")
        with database.read() as conn:
            person = people.find(conn, login=attempt.login)
            secrets = people.secrets_of(conn, person.id) if person and person.revoked is None else None
        right = passwords.holds(secrets.password if secrets else None, attempt.password)
        step = None
        if person and secrets:
            secret = factors.secret(self.desk.sealing, person.id, secrets.seed)
            step = factors.step_of(secret, attempt.code, self.where.now)
        with database.write() as conn:
            if person and right and step is not None and people.spend_step(conn, person.id, step):
                brakes.release(conn, pressed, self.where.now)
                return self.begin(conn, person, "password and code")
            self._refused(conn, person)
        raise Denied(401, WRONG)

    def welcome(self, token: bytes | None) -> Welcome:
        """What stands behind a link; looking uses nothing up. Raises ``Denied``."""
        with self.desk.vault.database.read() as conn:
            person = links.behind(conn, token, self.where.now) if token else None
        if person is None or token is None:
            raise Denied(410, _GONE)
        return Welcome(person, factors.secret(self.desk.sealing, person.id, links.digest(token)))

    def settle(self, token: bytes | None, chosen: Chosen) -> bytes:
        """Set password and second factor, and log in: the token of a new session. Raises ``Denied``."""
        found = self.welcome(token)
        assert token is not None
        fault = passwords.faults(chosen.password, found.person.login)
        if fault is None and chosen.password != chosen.again:
            fault = "The two passwords are not the same."
        step = factors.step_of(found.secret, chosen.code, self.where.now)
        if fault or step is None:
            raise Denied(422, fault or _OLD_CODE)
        kept = passwords.hashed(chosen.password)
        with self.desk.vault.database.write() as conn:
            if not links.use(conn, token):
                raise Denied(410, _GONE)
            people.change(conn, found.person.id, password=kept, seed=links.digest(token), step=step)
            sessions.end_all(conn, found.person.id)
            return self.begin(conn, found.person, "one-time link")

    def begin(self, conn: Connection, person: Person, how: str) -> bytes:
        """Begin a session in a transaction that proved who this is; answers its token."""
        token = self.desk.entropy(sessions.TOKEN_BYTES)
        sessions.begin(conn, token, person, self.where, self.limits)
        audit.append(conn, person.organization, [traces.event(traces.LOGIN, person, self.where, detail=how)])
        return token

    def log_out(self, person: Person, session: bytes) -> None:
        """End a session."""
        with self.desk.vault.database.write() as conn:
            sessions.end(conn, session, person.id)
            audit.append(conn, person.organization, [traces.event(traces.LOGOUT, person, self.where)])

    def _refused(self, conn: Connection, person: Person | None) -> None:
        """In the log of whom it was tried for. A name that nobody has is not told: it may be a password."""
        told = traces.event(traces.LOGIN, person, self.where, 401, "password or code")
        audit.append(conn, traces.log_of(person), [told])


def wrong_password(desk: Desk, where: Where, person: Person, password: str) -> str | None:
    """What is wrong with somebody's password, asked for once more within a session; None where it is right.

    Guessing it is as slow as at the door."""
    pressed = brakes.of_attempt(desk.sealing, person.login, where.address)
    with desk.vault.database.write() as conn:
        wait = brakes.press(conn, pressed, where.now)
        secrets = people.secrets_of(conn, person.id)
    if wait:
        return f"Too many attempts. Wait {_in_words(wait)}, then try again."
    if not passwords.holds(secrets.password if secrets else None, password):
        with desk.vault.database.write() as conn:
            told = traces.event(traces.ACCOUNT, person, where, 401, "password")
            audit.append(conn, person.organization, [told])
        return "Your present password is another one."
    with desk.vault.database.write() as conn:
        brakes.release(conn, pressed, where.now)
    return None


def limits_of(desk: Desk) -> Limits:
    """How long sessions last here."""
    asked = desk.settings.sign_in
    return Limits(asked.idle_seconds * SECOND, asked.session_seconds * SECOND)


def _in_words(micros: int) -> str:
    seconds = -(-micros // SECOND)
    return f"{seconds} seconds" if seconds < 120 else f"{-(-seconds // 60)} minutes"
