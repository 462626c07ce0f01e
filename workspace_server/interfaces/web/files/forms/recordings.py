"""Audio and video, played by the browser, which asks for the parts that it needs."""

from workspace_server.interfaces.web.files.forms.look import Look, Shown, shown


async def show(look: Look) -> Shown:
    """Show a player."""
    return shown("recording", is_video=look.content.media_type.startswith("video/"))
