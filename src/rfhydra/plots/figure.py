"""What all plots share: resolution, colours, the writing of the file.

People with any kind of colour blindness tell the colours of boxes apart, from each other and from grey: spectrograms
are grey, so that no box has a colour of its background. A test checks that.
"""

from io import BytesIO
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from rfhydra.files import writing_output

DPI: Final = 110
BLUE: Final = "#0072b2"
RED: Final = "#d55e00"
GREY: Final = "#7a7a7a"
BOX_COLOURS: Final = (BLUE, "#00b050", "#e69f00", "#4b0082", "#56b4e9")
MISSED_COLOUR: Final = RED
"""Of what was not detected; no box has it."""


def save(figure: Figure, path: Path) -> None:
    """Write ``figure`` as a PNG, whatever the extension of ``path``.

    Raises:
        StorageFull: the disk is full; ``path`` is unchanged.
        InvalidMessage: ``path`` cannot be written.
    """
    with writing_output(path) as file:
        figure.savefig(file, format="png")


def png_of(figure: Figure) -> bytes:
    """``figure`` as a PNG."""
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
