"""Owns `Histogram` and `Plotly`: what is drawn from numbers."""

from __future__ import annotations

from typing import Any

from .._values import histogram, plain
from .base import Media, Value, figure_of, module_of, need

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._artifacts.artifact import Artifact
    from .rows import Place


class Histogram(Value):
    """How often values occur: of a sequence, or counted already as numpy does it."""

    MAX_LENGTH = 512
    _log_type = "histogram"

    def __init__(
        self,
        sequence: Sequence[Any] | None = None,
        np_histogram: tuple[Any, Any] | None = None,
        num_bins: int = 64,
    ) -> None:
        if np_histogram:
            if len(np_histogram) != 2:
                raise ValueError(
                    "Expected np_histogram to be a tuple of (values, bin_edges) or sequence to be"
                    " specified"
                )
            self.histogram, self.bins = (plain(part) for part in np_histogram)
        elif sequence is None:
            raise ValueError("pannier.Histogram needs a sequence or an np_histogram")
        else:
            said = histogram(sequence, num_bins)
            self.histogram, self.bins = said["values"], said["bins"]
        if len(self.histogram) > self.MAX_LENGTH:
            raise ValueError(f"The maximum length of a histogram is {self.MAX_LENGTH}")
        if len(self.histogram) + 1 != len(self.bins):
            raise ValueError("len(bins) must be len(histogram) + 1")

    def to_json(self, run: object = None) -> dict[str, Any]:
        """As a row says it."""
        return {"_type": self._log_type, "values": self.histogram, "bins": self.bins}

    def _to_row(self, place: Place) -> dict[str, Any]:
        return self.to_json()

    def _in_artifact(self, artifact: Artifact) -> dict[str, Any]:
        return self.to_json()

    @classmethod
    def _from_artifact(cls, said: dict[str, Any], artifact: Artifact) -> Histogram:
        return cls(np_histogram=(said["values"], said["bins"]))


class Plotly(Media):
    """A figure of plotly, or one of matplotlib that plotly can take over."""

    _log_type = "plotly-file"
    _folder = "media/plotly"

    def __init__(self, val: Any) -> None:
        super().__init__()
        kind = module_of(val)
        if kind == "matplotlib":
            tools = need("plotly.tools", "plotly", "pannier.Plotly of a matplotlib figure")
            val = tools.mpl_to_plotly(figure_of(val))
        elif kind != "plotly":
            raise ValueError("pannier.Plotly takes figures of plotly or matplotlib")
        self._hold_json(plain_figure(val.to_plotly_json()), ".plotly.json")


def plain_figure(value: Any) -> Any:
    """A figure as JSON, with arrays as lists however long they are."""
    if isinstance(value, dict):
        return {str(key): plain_figure(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_figure(inner) for inner in value]
    return plain_figure(value.tolist()) if hasattr(value, "tolist") else plain(value)
