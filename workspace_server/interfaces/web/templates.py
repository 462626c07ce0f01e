"""The templates and their filters, read once, when the program starts."""

import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.web.addresses import (
    agent_url,
    bytes_url,
    cite_url,
    crumbs,
    file_url,
    page_url,
    trigger_url,
)
from workspace_server.interfaces.web.assets import ROOT, asset_url, entries
from workspace_server.interfaces.web.files.kinds import is_written_by_lines, kind_of
from workspace_server.interfaces.web.marking import marked
from workspace_server.interfaces.web.visible import visible
from workspace_server.services.times import ago, size

HUES = 8


def when(at: str | float, now_s: float) -> Markup:
    """Return a moment as people read it, with the exact one behind it."""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else datetime.fromtimestamp(at, UTC)
    exact = moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    shown = moment.strftime("%Y-%m-%d %H:%M:%S UTC")
    said = ago(max(0.0, now_s - moment.timestamp()))
    return Markup('<time datetime="{}" title="{}" data-ago>{}</time>').format(exact, shown, said)


def hue(agent: str) -> int:
    """Return which of the eight hues belongs to an agent, the same on every page."""
    return zlib.crc32(agent.encode("utf-8", "replace")) % HUES


def initials(agent: str) -> str:
    """Return one or two letters that stand for an agent."""
    parts = [part for part in agent.replace("/", "-").replace("_", "-").replace(".", "-").split("-") if part]
    letters = parts[0][:1] + parts[1][:1] if len(parts) > 1 else agent[:2]
    return letters.upper() or "?"


def duration(seconds: float) -> str:
    """Return a length of time in its two largest units: `9m 40s`."""
    whole = max(0, int(seconds))
    if whole >= 3600:
        return f"{whole // 3600}h {whole % 3600 // 60}m"
    return f"{whole // 60}m {whole % 60:02}s" if whole >= 60 else f"{whole}s"


def cited(cite: str) -> dict[str, str]:
    """Return what stands in a citation, `path@version:line`."""
    path, _, place = cite.rpartition("@")
    version, _, line = place.partition(":")
    return {"path": path, "version": version, "line": line}


def round_size(key: Mapping[str, Any]) -> int:
    """Return how many files the next firing of a trigger's key takes: those that are in, and those that are not yet."""
    # That too few agents have brought what is in makes no certain file missing.
    missing: int = sum(one.get("need", 1) - one.get("have", 0) for one in key["missing"] if one["reason"] != "agents")
    return len(key["in"]) + missing


def _shown(value: Any) -> Any:
    """Make what others wrote safe to look at, wherever it stands; escaping follows."""
    return visible(value) if type(value) is str else value


def _environment() -> Environment:
    """Return what makes pages; a template is compiled at its first use: many a server has no readers."""
    sources = {name: entry.read_text(encoding="utf-8") for name, entry in entries(ROOT.joinpath("templates"))}
    environment = Environment(
        loader=DictLoader(sources),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        {
            "size": size,
            "kind": kind_of,
            "hue": hue,
            "initials": initials,
            "duration": duration,
            "number": lambda n: f"{n:,}",
        }
    )
    environment.globals.update(
        {
            "agent_url": agent_url,
            "asset_url": asset_url,
            "bytes_url": bytes_url,
            "crumbs": crumbs,
            "file_url": file_url,
            "cite_url": cite_url,
            "cited": cited,
            "edited_bytes_max": LIMITS.edited_text_bytes_max,
            "is_written_by_lines": is_written_by_lines,
            "marked": marked,
            "page_url": page_url,
            "round_size": round_size,
            "trigger_url": trigger_url,
            "when": when,
        }
    )
    return environment


ENVIRONMENT = _environment()
