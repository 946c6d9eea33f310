"""The sections of the settings and what each knob means; nothing is read from anywhere here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from streams.model.sizing.basis import Mode
from streams.model.sizing.link import Path, Plan
from streams.model.sizing.media import MEDIA
from streams.model.sizing.profiles import require_profile
from streams.settings.client import client_options

__all__ = ["SECTIONS", "Broker", "Lake", "Link", "Reporter", "Settings", "Worker"]

Fraction01 = Annotated[float, Field(gt=0, le=1)]
NotNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Ratio = Annotated[float, Field(ge=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Broker(_Section):
    """The Kafka cluster and its topics."""

    bootstrap: str = Field(
        default="127.0.0.1:19092",
        min_length=1,
        description="Addresses of the brokers, `host:port,host:port`; the default is the embedded broker's.",
    )
    topic_prefix: str = Field(default="linkgauge.", description="What the names of all topics begin with.")
    partitions: int = Field(
        default=8,
        ge=1,
        description="Partitions of the topics that `topics create` makes: the most workers that can share.",
    )
    replication_factor: int | None = Field(
        default=None,
        ge=1,
        description="Copies of each partition; by default 1 on a single broker and 3 on more.",
    )
    client: dict[str, str] = Field(
        default_factory=dict,
        repr=False,  # it holds passwords
        description="Options for librdkafka, as it names them: `security.*`, `sasl.*` and `ssl.*`. "
        "In the environment `_` stands for the dots: `LINKGAUGE_BROKER__CLIENT__SASL_PASSWORD`.",
    )

    @field_validator("client", mode="before")
    @classmethod
    def _known_options(cls, value: object) -> object:
        return client_options(value) if isinstance(value, Mapping) else value


class Worker(_Section):
    """`linkgauge worker`."""

    name: str = Field(
        default="",
        description="What this worker is called in the consumer group; it must differ between workers and "
        "stay the same over restarts, so that a restarted worker takes its partitions up at once. By default "
        "the host's name and the process number: after a restart others wait for the session timeout first.",
    )
    shell: Literal["faust", "confluent"] = Field(
        default="faust",
        description="The Kafka client that it runs on. `confluent` reads a backlog faster, on two cores; "
        "what is measured is the same. All workers of one set of topics have the same one.",
    )
    host: str = Field(
        default="127.0.0.1", min_length=1, description="Address to serve its own metrics and health on."
    )
    port: int | None = Field(
        default=None,
        ge=0,
        le=65_535,
        description="Port of its own `/metrics`; without one nothing is served, for several workers may "
        "share a host. 9110 by convention; 0 picks a free one.",
    )


class Reporter(_Section):
    """`linkgauge reporter`."""

    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address to serve on; `0.0.0.0` for Prometheus on another host.",
    )
    port: int = Field(default=9108, ge=0, le=65_535, description="Port of `/metrics`; 0 picks a free one.")
    history_seconds: int = Field(
        default=3600,
        ge=1,
        description="Range of a link's RPO figures: so much of the newest past is kept in memory of each "
        "group that a link carries, about 1.5 kB for each of its intervals; at least four times the "
        "link's RPO and cycle. Of other groups only the newest intervals are kept.",
    )
    trend_days: int = Field(
        default=35,
        ge=0,
        description="Past from which the trend of a link is taken; read behind everything else, and not "
        "longer than the intervals topic keeps. 0: no trend, no exhaustion.",
    )
    group_detail: Literal["auto", "essential", "full"] = Field(
        default="auto",
        description="Families that every group shows (metrics.md). `auto`: all of them while they are below "
        "`series_limit`, else the essential ones.",
    )
    series_limit: int = Field(
        default=50_000, ge=1, description="Series of groups above which `auto` shows the essential ones."
    )
    volumes_of: tuple[str, ...] = Field(
        default=(), description="Data groups whose volumes are shown one by one; their tables are read then."
    )
    volume_limit: int = Field(
        default=100,
        ge=1,
        description="Volumes shown of each of these groups: those that changed most in the newest interval.",
    )


class Lake(_Section):
    """`linkgauge lake`, and the commands that read the lake."""

    format: Literal["delta", "iceberg", "parquet"] = Field(
        default="delta", description="Of the tables: Delta, Iceberg, or plain Parquet in folders by day."
    )
    path: str = Field(
        default="data/lake",
        min_length=1,
        description="Folder of the tables, or where they are in object storage: `s3://bucket/prefix`.",
    )
    storage: dict[str, str] = Field(
        default_factory=dict,
        repr=False,  # it holds passwords
        description="Options for the object storage, as the libraries name them: `aws_access_key_id`, "
        "`aws_secret_access_key`, `aws_region`, `aws_endpoint_url`.",
    )
    catalog: dict[str, str] = Field(
        default_factory=dict,
        repr=False,  # it holds passwords
        description="Iceberg only: options for its catalog, as pyiceberg names them, such as `type`, `uri` "
        "and `warehouse`; by default a SQLite file beside the tables.",
    )
    namespace: str = Field(
        default="linkgauge", min_length=1, description="Iceberg only: the namespace of the tables."
    )
    commit_seconds: Positive = Field(
        default=300,
        description="Rows are committed at least so often. Shorter shows them sooner and makes more small "
        "files, which `lake compact` joins.",
    )
    commit_bytes: int = Field(
        default=128 << 20, ge=1 << 20, description="They are committed sooner when so much is waiting."
    )
    array_buckets: int | None = Field(
        default=None,
        ge=1,
        description="Folders that each day of `interval_tracks` is divided into by array; by default one for "
        "every 50 arrays, and so one on a smaller site.",
    )
    hours_after_days: Annotated[int, Field(ge=1)] | None = Field(
        default=30, description="Bit tables older than so many days become tables of hours in `lake compact`."
    )
    days_after_days: Annotated[int, Field(ge=1)] | None = Field(
        default=365, description="Older than so many days, they become tables of days."
    )
    tracks_days: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="`lake expire` removes older bit tables; without it they stay."
    )
    summary_days: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="`lake expire` removes older summaries; without it they stay."
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="Address to serve `/metrics` on.")
    port: int = Field(default=9109, ge=0, le=65_535, description="Port of `/metrics`; 0 picks a free one.")

    def table_uri(self, name: str) -> str:
        """Where a table is: an absolute path, or an address in object storage."""
        if "://" in self.path:
            return f"{self.path.rstrip('/')}/{name}"
        return str(FilePath(self.path).expanduser().absolute() / name)


class Link(_Section):
    """A link: what carries the replication of some groups."""

    groups: tuple[str, ...] = Field(
        description="Data groups that it carries, at least one; they share no extent."
    )
    path_bits_per_second: Positive = Field(description="Line rate of one path.")
    paths: int = Field(default=1, ge=1, description="Paths in parallel that are installed.")
    medium: Literal["raw", "tcp1500", "tcp9000", "fcip1500", "fcip9000"] = Field(
        default="tcp1500",
        description="What the paths run over: decides `efficiency` and the largest TCP segment.",
    )
    efficiency: Fraction01 | None = Field(
        default=None, description="Payload per bit of the line; by default that of the medium."
    )
    utilisation_ceiling: Fraction01 = Field(default=0.70, description="Share of a path that is planned with.")
    rtt_seconds: NotNegative = Field(default=0, description="Round-trip time; 0 leaves window and loss out.")
    loss_probability: float = Field(default=0, ge=0, lt=1, description="Share of packets that are lost.")
    tcp_window_bytes: int | None = Field(default=None, ge=1, description="TCP window of one stream.")
    streams_per_path: int = Field(default=1, ge=1, description="TCP streams that share a path.")
    measured_goodput_bits_per_second: Positive | None = Field(
        default=None, description="Goodput of one path as a throughput test measured it."
    )
    heartbeat_bits_per_second: NotNegative = Field(
        default=0, description="Replicator's own traffic on each path."
    )
    background_bits_per_second: NotNegative = Field(default=0, description="Other traffic on each path.")
    compression_ratio: Ratio = Field(default=1, description="Payload before over after compression.")
    dedupe_ratio: Ratio = Field(default=1, description="Payload before over after deduplication.")
    mode: Mode | None = Field(
        default=None,
        description="How the replicator works: what it ships and when. By default that of `profile`; without "
        "one `continuous` where written bytes were captured, else `bitmap_resync`.",
    )
    profile: str | None = Field(
        default=None, description="A common replicator, whose mode, block and cycle are taken as defaults."
    )
    rpo_seconds: Positive = Field(
        default=900, description="Recovery point objective: how old the other site's copy may be."
    )
    cycle_seconds: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Cycle of a mode with cycles; by default the profile's, else the best one."
    )
    apply_seconds: NotNegative = Field(default=0, description="Time to apply a cycle at the other site.")
    block_bytes: Annotated[int, Field(ge=512)] | None = Field(
        default=None,
        description="Block in which the replicator ships changes, a multiple of the captured track; by "
        "default the profile's, else the track.",
    )
    price_path_month: NotNegative = Field(default=0, description="Price of a path per month.")
    price_gigabyte: NotNegative = Field(default=0, description="Price of 10^9 bytes shipped.")
    price_buffer_gigabyte: NotNegative = Field(
        default=0, description="Price of 10^9 bytes of journal or cache per month."
    )
    resync_seconds: Positive = Field(
        default=3600, description="Time in which a resynchronisation must be done."
    )
    range_seconds: int | None = Field(
        default=None,
        ge=1,
        description="The window whose changes (OR) must be resynchronised: the base interval or a rung of "
        "every group; by default the longest that all of them have.",
    )
    safety_factor: Ratio = Field(default=1.2, description="Planning only: factor on the need.")
    growth_per_year: NotNegative = Field(
        default=0.30, description="Planning only: yearly growth of the need."
    )
    horizon_years: NotNegative = Field(default=1, description="Planning only: years to plan for.")
    spare_paths: int = Field(default=0, ge=0, description="Planning only: paths beyond the need; 1 for N+1.")

    @field_validator("groups")
    @classmethod
    def _some_groups(cls, groups: tuple[str, ...]) -> tuple[str, ...]:
        if not groups:
            raise ValueError("a link carries at least one group; list its name")
        if len(set(groups)) != len(groups):
            raise ValueError("a group is listed twice")
        return groups

    @field_validator("profile")
    @classmethod
    def _known_profile(cls, profile: str | None) -> str | None:
        if profile is not None:
            require_profile(profile)
        return profile

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for name in ("loss_probability", "tcp_window_bytes"):
            if getattr(self, name) and not self.rtt_seconds:
                raise ValueError(f"{name} needs rtt_seconds")
        return self

    def path(self) -> Path:
        """One of its paths, for the link model."""
        medium = MEDIA[self.medium]
        return Path(
            path_bits_per_second=self.path_bits_per_second,
            efficiency=medium.efficiency if self.efficiency is None else self.efficiency,
            utilisation_ceiling=self.utilisation_ceiling,
            rtt_seconds=self.rtt_seconds,
            loss_probability=self.loss_probability,
            tcp_window_bytes=self.tcp_window_bytes,
            mss_bytes=medium.mss_bytes,
            streams=self.streams_per_path,
            measured_goodput_bits_per_second=self.measured_goodput_bits_per_second,
            heartbeat_bits_per_second=self.heartbeat_bits_per_second,
            background_bits_per_second=self.background_bits_per_second,
        )

    def plan(self) -> Plan:
        """What planning adds, for the link model."""
        return Plan(self.safety_factor, self.growth_per_year, self.horizon_years, self.spare_paths)


SECTIONS: Mapping[str, type[_Section]] = {
    "broker": Broker,
    "worker": Worker,
    "reporter": Reporter,
    "lake": Lake,
    "links": Link,
}
"""What stands in each section; `links` holds a table for each link."""


class Settings(BaseSettings):
    """All settings. Calling it takes the arguments alone; `load_settings` reads file and environment."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="LINKGAUGE_",
        env_nested_delimiter="__",
    )

    broker: Broker = Broker()
    worker: Worker = Worker()
    reporter: Reporter = Reporter()
    lake: Lake = Lake()
    links: dict[str, Link] = Field(default_factory=dict, description="Links by name.")
    groups: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Definitions of data groups by name, as `groups apply` reads them."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments only: `load_settings` merges the layers, so that it can name the one that is wrong."""
        return (init_settings,)
