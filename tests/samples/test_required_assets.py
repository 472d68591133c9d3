"""What a sample says of its categories reaches their table."""

from pathlib import Path

import yaml

from service.samples import loading

KOZANI = yaml.safe_load((Path(loading.__file__).parent / "kozani.yaml").read_text("utf-8"))


def test_a_damaged_lamp_post_must_be_named_and_a_dark_lamp_need_not() -> None:
    by_key = {values["key"]: loading.category(KOZANI, values) for values in KOZANI["categories"]}
    assert by_key["lamp-post-damaged"]["asset_required"] is True
    assert by_key["lamp-out"]["asset_required"] is False
    assert {by_key[key]["asset_layer"] for key in ("lamp-post-damaged", "lamp-out")} == {"lamp-posts"}
