"""What the schedules of triggers mean: which moments a cron expression names, in its own time zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from workspace_server.core.triggers.schedule import Schedule
from workspace_server.services.arguments import refused


def next_run(schedule: Schedule, *, after_s: float) -> float:
    """Return the first moment after *after_s* that the schedule names, both in seconds since 1970.

    Raises:
        InvalidArgument: It is no cron expression, or one of a day that never comes; or there is no such time zone.
    """
    try:
        zone = ZoneInfo(schedule.timezone)
    except (KeyError, ValueError, OSError):  # a name that is a directory or no file name raises the others
        raise refused(
            "timezone", f"there is no time zone {schedule.timezone[:100]}", 'For example "Europe/Berlin".'
        ) from None
    try:
        return next(CronSim(schedule.cron, datetime.fromtimestamp(after_s, tz=UTC).astimezone(zone))).timestamp()
    except CronSimError as error:
        raise refused(
            "schedule", f"is no cron expression: {error}", 'For example "0 9 * * 1-5": at nine from Monday to Friday.'
        ) from None
