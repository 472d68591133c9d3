"""For gunicorn: `gunicorn --worker-class gthread --workers 2 --threads 32 service.wsgi:app`."""

from service.app import create_app

app = create_app()
