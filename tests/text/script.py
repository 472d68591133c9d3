"""`scripts/messages.py` as a module; the scripts are no package."""

import importlib.util
from pathlib import Path
from types import ModuleType

CHECKOUT = Path(__file__).parents[2]


def messages_script() -> ModuleType:
    """The script, loaded anew."""
    specification = importlib.util.spec_from_file_location("messages_script", CHECKOUT / "scripts" / "messages.py")
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
