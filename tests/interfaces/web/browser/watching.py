"""What looks at a page while it is open, and notes what no page of ours may do."""

from playwright.async_api import ConsoleMessage, Dialog, Page, Request

STATUS = "Failed to load resource: the server responded with a status of"
"""What Chromium itself says to the console of an answer of 4xx, the page's own included."""


class Watch:
    """Notes what the pages of one browser do that they should not.

    Attributes:
        dialogs: What they asked or said in a dialog.
        strays: What they asked of anybody but the server, or of a place that only a hostile file names.
        complaints: What stands in the console as an error, except that an address answered with a refusal.
    """

    def __init__(self, origin: str) -> None:
        self.dialogs: list[str] = []
        self.strays: list[str] = []
        self.complaints: list[str] = []
        self._origin = origin

    @property
    def noted(self) -> list[str]:
        """All of it."""
        return [*self.dialogs, *self.strays, *self.complaints]

    def over(self, page: Page) -> None:
        """Look at *page* from now on."""
        page.on("dialog", self._dialog)
        page.on("request", self._request)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        await dialog.dismiss()

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self._origin + "/", "data:", "about:", "blob:")) or "/pwned?" in request.url:
            self.strays.append(request.url)

    def _console(self, said: ConsoleMessage) -> None:
        if said.type == "error" and not said.text.startswith(STATUS):
            self.complaints.append(said.text)
