"""What the environment decides, in frozen groups. Reading happens only where a process starts."""

from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MANIFESTS = Path(__file__).parent / "families" / "moviegen" / "manifests"
MIB = 2**20


class _Group(BaseSettings):
    model_config = SettingsConfigDict(
        frozen=True, env_prefix="MOVIOLA_", extra="ignore", populate_by_name=True
    )


class RedisSettings(_Group):
    """``REDIS_URL``: the ledger and the queue."""

    url: str = Field(
        default="redis://127.0.0.1:6379/0", validation_alias=AliasChoices("REDIS_URL", "MOVIOLA_REDIS_URL")
    )
    timeout_s: float = Field(default=5.0, validation_alias="MOVIOLA_REDIS_TIMEOUT_S")


class TritonSettings(_Group):
    """``TRITON_URL``: host:port of gRPC. Shared memory needs worker and Triton on one host."""

    url: str = Field(
        default="127.0.0.1:8001", validation_alias=AliasChoices("TRITON_URL", "MOVIOLA_TRITON_URL")
    )
    shared_memory: bool = Field(default=True, validation_alias="MOVIOLA_TRITON_SHARED_MEMORY")


class StorageSettings(_Group):
    """Where inputs, snapshots and results live, and for how long."""

    data_dir: Path = Path(".data")
    result_ttl_s: int = 7 * 24 * 3600

    @property
    def root(self) -> Path:
        return self.data_dir / "storage"


class CastSettings(_Group):
    """The casts on offer: manifests, the default one, and other names under which clients ask for it."""

    manifests: Annotated[tuple[Path, ...], NoDecode] = (MANIFESTS / "moviegen-mini.json",)
    aliases: Annotated[tuple[str, ...], NoDecode] = ("sora-2", "sora-2-pro")

    @field_validator("manifests", "aliases", mode="before")
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


class GatewaySettings(_Group):
    """The HTTP edge. ``allow_anonymous``: serve without keys on an address that is not loopback."""

    host: str = "127.0.0.1"
    port: int = 8000
    max_body_bytes: int = 100 * MIB
    max_pixels: int = 40_000_000
    allow_anonymous: bool = False


class QueueSettings(_Group):
    """The queue's rules, the same for every gateway and worker: see ``services.jobs.rules.Rules``.
    ``MOVIOLA_WEIGHTS`` is JSON, such as ``{"acme": 3}``."""

    weights: dict[str, Annotated[float, Field(gt=0, le=1000)]] = {}
    batch_share: float = Field(default=0.1, gt=0, lt=1)
    max_queued: int = Field(default=10_000, ge=1)
    max_queued_per_tenant: int = Field(default=2_000, ge=1)
    max_running: int = Field(default=1_000, ge=1)
    max_running_per_tenant: int = Field(default=200, ge=1)
    max_attempts: int = Field(default=3, ge=1)
    max_retries: int = Field(default=6, ge=1)
    max_total_attempts: int = Field(default=20, ge=1)
    idempotency_ttl_s: int = Field(default=24 * 3600, ge=1)


class WebhookSettings(_Group):
    """``MOVIOLA_WEBHOOK_*``, read by gateway and worker alike. ``url``: the account's, told of every job.
    ``secret`` signs for it and for jobs that bring none; while it is changed, two: ``new,old``. ``networks``
    (such as ``10.0.0.0/8``) may be called although they are not public; ``ports`` are those of public
    receivers, none meaning any."""

    model_config = SettingsConfigDict(env_prefix="MOVIOLA_WEBHOOK_")

    url: str | None = None
    secret: str = Field(default="", repr=False)
    networks: str = ""
    ports: str = "443,8443"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The newest first."""
        return tuple(filter(None, map(str.strip, self.secret.split(","))))


class WorkerSettings(_Group):
    """The worker's patience.

    ``lease_s``: how long a silent worker keeps its job. A snapshot is due when ``snapshot_every_steps`` and
    ``snapshot_every_s`` have both passed. ``grace_s``: from SIGTERM to the end of the process, whatever it
    does; whoever kills it must wait longer. ``min_free_bytes``: with less room in storage or scratch no job
    is taken.
    """

    lease_s: float = 10.0
    sweep_every_s: float = 2.0
    snapshot_every_steps: int = 5
    snapshot_every_s: float = 20.0
    scratch_dir: Path | None = None
    grace_s: float = 25.0
    min_free_bytes: int = 256 * MIB
