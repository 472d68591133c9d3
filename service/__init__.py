"""The service behind a municipality's mobile app."""

import gc

gc.set_threshold(
    50_000, 20, 20
)  # a start makes half a million objects that stay: to look through them took a tenth of it
