"""Where things are kept: read once from the environment, checked before anything is opened.

Two stores that must never be one: the data, and the wrapped keys that open them. A backup of either alone
tells nothing, and erasing somebody is deleting rows from the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.custody.errors import Misconfigured

FILE, AWS_KMS = "file", "aws-kms"
PROVIDERS = (FILE, AWS_KMS)
_POSTGRES = ("postgresql://", "postgres://", "postgresql+psycopg://")


@dataclass(frozen=True, slots=True)
class KeyPaths:
    """The three root key files. A process is given only those that it may hold."""

    clinical: Path
    identity: Path
    audit: Path


@dataclass(frozen=True, slots=True)
class KmsKeys:
    """Which keys of AWS KMS seal the roots: the first seals, the others only open what they sealed before."""

    clinical: tuple[str, ...]
    identity: tuple[str, ...]
    region: str | None = None
    endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Storage:
    """Which databases, which broker and which root keys this installation uses."""

    data_dir: Path
    database_url: str
    keys_url: str
    broker_url: str | None
    worker_database_url: str | None
    key_provider: str
    key_paths: KeyPaths
    kms: KmsKeys
    concept_maps: Path | None = None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Storage:
        """The storage that these environment variables describe; what is empty is embedded."""
        folder = Path(environ.get("CARELOOM_DATA_DIR") or "./careloom-data").absolute()
        return cls(
            data_dir=folder,
            database_url=_url(environ, "CARELOOM_DATABASE_URL") or f"sqlite:///{folder / 'careloom.db'}",
            keys_url=_url(environ, "CARELOOM_KEYS_URL") or f"sqlite:///{folder / 'keys.db'}",
            broker_url=environ.get("CARELOOM_BROKER_URL") or None,
            worker_database_url=_url(environ, "CARELOOM_WORKER_DATABASE_URL"),
            key_provider=environ.get("CARELOOM_KEY_PROVIDER") or FILE,
            key_paths=_key_paths(environ, folder / "keys"),
            kms=_kms_keys(environ),
            concept_maps=_folder(environ, "CARELOOM_CONCEPT_MAPS"),
        )

    def __post_init__(self) -> None:
        if self.key_provider not in PROVIDERS:
            raise Misconfigured(f"CARELOOM_KEY_PROVIDER is none of: {', '.join(PROVIDERS)}.")
        if self.keys_url in (self.database_url, self.worker_database_url):
            raise Misconfigured("CARELOOM_KEYS_URL must name another database than CARELOOM_DATABASE_URL.")
        if len({self.key_paths.clinical, self.key_paths.identity, self.key_paths.audit}) < 3:
            raise Misconfigured("The clinical, identity and audit root keys must be three separate files.")
        if self.key_provider == AWS_KMS and not self.kms.clinical:
            raise Misconfigured("CARELOOM_KEY_PROVIDER=aws-kms needs CARELOOM_CLINICAL_KMS_KEY.")
        if set(self.kms.clinical) & set(self.kms.identity):
            raise Misconfigured(
                "CARELOOM_CLINICAL_KMS_KEY and CARELOOM_IDENTITY_KMS_KEY must be two separate keys."
            )

    @property
    def concept_maps_folder(self) -> Path:
        """Where the hospital's own ConceptMaps lie: both sides read codes by them."""
        return self.concept_maps or self.data_dir / "concept-maps"

    @property
    def key_files(self) -> tuple[Path, ...]:
        """The key files that this installation must have, or has still from before its provider."""
        paths = self.key_paths
        sides = (paths.clinical, paths.identity)
        needed = sides if self.key_provider == FILE else tuple(path for path in sides if path.exists())
        return (*needed, paths.audit)


def _key_paths(environ: Mapping[str, str], folder: Path) -> KeyPaths:
    def path(name: str) -> Path:
        return Path(environ.get(f"CARELOOM_{name.upper()}_KEY_FILE") or folder / f"{name}.key").absolute()

    return KeyPaths(path("clinical"), path("identity"), path("audit"))


def _kms_keys(environ: Mapping[str, str]) -> KmsKeys:
    def keys(name: str) -> tuple[str, ...]:
        given = environ.get(f"CARELOOM_{name.upper()}_KMS_KEY") or ""
        return tuple(part.strip() for part in given.split(",") if part.strip())

    return KmsKeys(
        keys("clinical"),
        keys("identity"),
        environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or None,
        environ.get("CARELOOM_KMS_ENDPOINT") or None,
    )


def _folder(environ: Mapping[str, str], name: str) -> Path | None:
    given = environ.get(name)
    return Path(given).absolute() if given else None


def _url(environ: Mapping[str, str], name: str) -> str | None:
    """The url in SQLAlchemy's form: PostgreSQL always through psycopg 3."""
    given = environ.get(name) or None
    if given is None:
        return None
    for scheme in _POSTGRES:
        if given.startswith(scheme):
            return "postgresql+psycopg://" + given.removeprefix(scheme)
    if given.startswith("sqlite:///"):
        return "sqlite:///" + str(Path(given.removeprefix("sqlite:///")).absolute())
    raise Misconfigured(f"{name} must begin with postgresql:// or sqlite:///.")
