"""All mutants, by what they break."""

from __future__ import annotations

from tests.model.crash.mutants import again, closing, content, fields, holding, lives, reading, shell

__all__ = ["TABLE"]

TABLE = {
    "again": again.MUTANTS,
    "holding": holding.MUTANTS,
    "shell": shell.MUTANTS,
    "reading": reading.MUTANTS,
    "closing": closing.MUTANTS,
    "lives": lives.MUTANTS,
    "content": content.MUTANTS,
    "fields": fields.MUTANTS,
}
