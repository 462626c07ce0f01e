"""When a trigger fires by the clock: how its schedule is given. When that is, the service of schedules works out."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from workspace_server.core.triggers.fields import Fields, choice, encoded, refused

Missed = Literal["once", "skip"]
SCHEDULE_CHARS_MAX: Final = 200
CRON_FIELDS: Final = 5
_PARTS: Final = ("timezone", "missed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When to fire, whatever is saved.

    Attributes:
        cron: Minute, hour, day of the month, month, day of the week.
        timezone: Of which place these are; a name of the time zone database.
        missed: What becomes of runs that fell into a time without a server: all of them together are one run, or none.
    """

    cron: str
    timezone: str
    missed: Missed

    def as_mapping(self) -> dict[str, str]:
        """Return the fields of the schedule."""
        return {"schedule": self.cron, "timezone": self.timezone, "missed": self.missed}


def parse_schedule(fields: Fields) -> Schedule | None:
    """Return the schedule of a trigger, if it has one.

    What stands in the fields of the cron expression, and whether there is such a time zone, is not looked at here: that
    takes a library and a database.

    Raises:
        InvalidArgument: It cannot be one.
    """
    for name in _PARTS:
        if "schedule" not in fields and name in fields:
            raise refused(name, "goes with schedule", 'For example schedule="0 9 * * 1-5".')
    if "schedule" not in fields:
        return None
    cron, timezone = fields["schedule"], fields.get("timezone", "UTC")
    if not isinstance(cron, str) or len(cron) > SCHEDULE_CHARS_MAX or len(cron.split()) != CRON_FIELDS:
        reason = "must be a cron expression of five fields: minute, hour, day of the month, month, day of the week"
        raise refused("schedule", reason, 'For example "0 9 * * 1-5": at nine from Monday to Friday.')
    if not isinstance(timezone, str) or not 1 <= len(timezone) <= SCHEDULE_CHARS_MAX:
        raise refused("timezone", "must be the name of a time zone", 'For example "Europe/Berlin".')
    for name, text in (("schedule", cron), ("timezone", timezone)):
        encoded(name, text)
    missed: Missed = choice(fields, "missed", get_args(Missed), "once")
    return Schedule(cron=" ".join(cron.split()), timezone=timezone, missed=missed)
