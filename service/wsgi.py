"""For gunicorn: `gunicorn --worker-class gthread --workers 2 --threads 32 service.wsgi:app`."""

import os

from service.app import create_app
from service.config import PRIVATE, Settings, SettingsRefused


def settings_for_anybody() -> Settings:
    """The settings, without what is safe on a loopback address only: here it is not us who choose the address."""
    settings = Settings.from_environment()
    if settings.samples or settings.fcm_base_url:
        raise SettingsRefused(
            "PLATEIA_SAMPLES and PLATEIA_FCM_BASE_URL are for a loopback address, and gunicorn may listen anywhere: "
            "use `plateia run --samples`, or unset them."
        )
    return settings


os.umask(PRIVATE)
app = create_app(settings_for_anybody())
