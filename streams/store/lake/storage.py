"""The options of the settings for object storage, as each library takes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from streams.settings import Lake

__all__ = [
    "RETRIES",
    "RETRY_SECONDS",
    "delta_options",
    "iceberg_options",
    "object_store",
    "object_store_options",
]

_ALLOW_HTTP: Final = "aws_allow_http"

RETRIES = 5
"""How often a library tries again by itself. The sink tries again too, and says so."""

RETRY_SECONDS: Final = 30

_ICEBERG: Final = {
    "aws_access_key_id": "s3.access-key-id",
    "aws_secret_access_key": "s3.secret-access-key",
    "aws_session_token": "s3.session-token",
    "aws_region": "s3.region",
    "aws_endpoint_url": "s3.endpoint",
}


def object_store_options(lake: Lake) -> dict[str, str]:
    """For the Rust library below Delta and plain Parquet. An endpoint without TLS is taken as meant."""
    options = {name.lower(): value for name, value in lake.storage.items()}
    if options.get("aws_endpoint_url", "").startswith("http:"):
        options.setdefault(_ALLOW_HTTP, "true")
    return options


def delta_options(lake: Lake) -> dict[str, str]:
    """The same for Delta, which takes how often to try again among them."""
    return {"max_retries": str(RETRIES), "retry_timeout": f"{RETRY_SECONDS}s", **object_store_options(lake)}


def iceberg_options(lake: Lake) -> dict[str, str]:
    """For pyiceberg; options under its own names, such as `s3.signer`, pass as they are."""
    return {_ICEBERG.get(name.lower(), name): value for name, value in lake.storage.items()}


def object_store(uri: str, options: Mapping[str, str]) -> Any:
    """The objects below an address, opened with `object_store_options`."""
    from obstore.store import from_url  # noqa: PLC0415  # large, and needed for object storage alone

    config: Any = {name: value for name, value in options.items() if name != _ALLOW_HTTP}
    client: Any = {"allow_http": options.get(_ALLOW_HTTP) == "true"}
    retries: Any = {"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_SECONDS)}
    return from_url(uri, config=config, client_options=client, retry_config=retries)
