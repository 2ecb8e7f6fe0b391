"""Plots of results, each written once: as PNG in light colours, and as SVG whose colours follow the page around it.

Needs matplotlib, which is loaded when the first plot is drawn.
"""

import importlib
import io
import re
from dataclasses import dataclass
from typing import Any, Callable, Tuple


@dataclass(frozen=True)
class Theme:
    """Colours of a plot.

    Attributes:
        page: behind everything.
        ink: text and axes.
        faint: what stands back.
        grid: lines behind the data.
        series: one for each engine or file, the first for GradMill.
    """

    page: str
    ink: str
    faint: str
    grid: str
    series: Tuple[str, ...]


# Told apart by readers who see red and green alike; all stand out from both pages.
LIGHT = Theme(
    *("#ffffff", "#1f2430", "#667085", "#e4e7ec"),
    ("#1b6ca8", "#d9822b", "#5b8c5a", "#a45c9c", "#8a6d3b", "#5a6b7b"),
)
DARK = Theme(
    *("#14171f", "#e6e9ef", "#98a2b3", "#2b3140"),
    ("#5aa9e6", "#f0a35e", "#8cc08a", "#d08ac8", "#c8a76a", "#9fb0c0"),
)
# Stand for the colours of the page in an SVG: replaced by what a style sheet calls them.
_VARIABLES = {"--page": "#0a0b00", "--ink": "#0a0b01", "--faint": "#0a0b02", "--grid": "#0a0b03"}
_VARIABLES.update({f"--series-{i}": f"#0a0b1{i}" for i in range(len(LIGHT.series))})
_PAGE = Theme(
    _VARIABLES["--page"],
    _VARIABLES["--ink"],
    _VARIABLES["--faint"],
    _VARIABLES["--grid"],
    tuple(_VARIABLES[f"--series-{i}"] for i in range(len(LIGHT.series))),
)


def style_sheet(theme: Theme) -> str:
    """Return the variables of a theme as CSS.

    Args:
        theme: the colours.
    """
    values = (theme.page, theme.ink, theme.faint, theme.grid, *theme.series)
    return " ".join(f"{name}: {value};" for name, value in zip(_VARIABLES, values))


class Canvas:
    """A figure of matplotlib, without its window system and without its global state.

    Args:
        width: inches.
        height: inches.
        theme: colours.
    """

    def __init__(self, width: float, height: float, theme: Theme):
        self.theme = theme
        self.figure = importlib.import_module("matplotlib.figure").Figure((width, height), layout="constrained")
        importlib.import_module("matplotlib.backends.backend_agg").FigureCanvasAgg(self.figure)
        self.figure.set_facecolor(theme.page)

    def axes(self, rows: int = 1, columns: int = 1, index: int = 1) -> Any:
        """Return axes in the colours of the theme.

        Args:
            rows: of the grid of axes.
            columns: of the grid.
            index: place in it, from 1.
        """
        axes = self.figure.add_subplot(rows, columns, index)
        axes.set_facecolor(self.theme.page)
        for name, spine in axes.spines.items():
            spine.set_visible(name in ("left", "bottom"))
            spine.set_color(self.theme.faint)
        axes.tick_params(colors=self.theme.faint, labelcolor=self.theme.ink, labelsize=8, length=3)
        axes.set_axisbelow(True)
        return axes

    def write(self, file: Any, kind: str, name: str) -> None:
        """Write the figure.

        Args:
            file: open for bytes.
            kind: "png" or "svg".
            name: of the plot; the same plot gives the same bytes.
        """
        # Text stays text in an SVG, in the fonts of the page.
        settings = {"svg.fonttype": "none", "svg.hashsalt": name, "font.family": "sans-serif"}
        with importlib.import_module("matplotlib").rc_context(settings):
            metadata = {"Date": None} if kind == "svg" else None
            self.figure.savefig(file, format=kind, dpi=130, facecolor=self.theme.page, metadata=metadata)


Draw = Callable[[Theme], Canvas]


def as_svg(draw: Draw, name: str) -> str:
    """Return a plot as SVG text for a page of HTML that has the variables of `style_sheet`.

    Args:
        draw: makes the plot in the colours of a theme.
        name: of the plot.
    """
    file = io.BytesIO()
    draw(_PAGE).write(file, "svg", name)
    text = file.getvalue().decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # Several plots share a page: only ids that something refers to may stay, and those follow from plot and content.
    used = set(re.findall(r"#([\w-]+)[\")]", text))
    text = re.sub(r' id="([\w.-]+)"', lambda found: found[0] if found[1] in used else "", text)
    for variable, colour in _VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    text = re.sub(r"font: ([^;\"]*?) ?('[^;\"]*|sans-serif)", r"font: \1 inherit-family", text)
    return text.replace("inherit-family", "system-ui, sans-serif")


def as_png(draw: Draw, name: str, file: Any) -> None:
    """Write a plot as PNG.

    Args:
        draw: makes the plot in the colours of a theme.
        name: of the plot.
        file: open for bytes.
    """
    draw(LIGHT).write(file, "png", name)
