"""The name under which W&B's programs know the public API: `pannier.apis.public`."""

from . import public as public
