"""Where limits are counted when one process serves: in its memory."""

import time

from limits.storage import MemoryStorage

PATIENCE = 60.0


class Counted(MemoryStorage):
    """What `memory://` means here: the library's own, which looks for what has expired once a minute.

    By itself it starts a thread for that with nearly every request, and goes through every caller of the last hour.
    """

    STORAGE_SCHEME = ["memory"]  # noqa: RUF012  (the library's own shape)
    swept_at = 0.0

    def _MemoryStorage__schedule_expiry(self) -> None:
        # So Python calls the private method that this replaces.
        if time.monotonic() - self.swept_at > PATIENCE:
            self.swept_at = time.monotonic()
            self._MemoryStorage__expire_events()  # type: ignore[attr-defined]
