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
    max_queued: int = 10_000
    allow_anonymous: bool = False


class WorkerSettings(_Group):
    """The worker's patience. ``lease_s``: how long a silent worker keeps its job."""

    lease_s: float = 10.0
    sweep_every_s: float = 2.0
    max_attempts: int = 5
    snapshot_every_steps: int = 5
    snapshot_every_s: float = 20.0
    scratch_dir: Path | None = None
