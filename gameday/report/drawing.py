"""Vega-Lite as inline SVG, drawn without a browser: part of a page, the same each time, loading nothing.

This module knows what a drawing on its own must lose to become part of a page. It knows nothing of what is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gameday.report.chart import GAP, Panel, stacked

_TAG = re.compile(r"<[^>]*>")
_UNWANTED = re.compile(r'\s(?:class|role|aria-[a-z]+|pointer-events|font-family)="[^"]*"')
_ID = re.compile(r'(\sid="|url\(#)([\w-]+)')
_VEGA_LITE = "5.20"
_TOP, _BOTTOM = 6, 26


def svg(panels: Sequence[Panel], prefix: str) -> str:
    """Inline SVG of these panels: no size of its own, ids that begin with ``prefix``, nothing to load."""
    import vl_convert

    frame = panels[0].frame
    width = frame.left + frame.plot + frame.right
    height = _TOP + sum(panel.height for panel in panels) + GAP * (len(panels) - 1) + _BOTTOM
    drawn: str = vl_convert.vegalite_to_svg(stacked(panels), vl_version=_VEGA_LITE)
    body = drawn[drawn.index(">") + 1 :]
    body = re.sub(
        r'transform="translate\([^)]*\)"', f'transform="translate({frame.left},{_TOP})"', body, count=1
    )
    names: dict[str, str] = {}
    body = _TAG.sub(lambda tag: _inlined(tag[0], prefix, names), body)
    return f'<svg viewBox="0 0 {width} {height}" aria-hidden="true" focusable="false">{body}'


def _inlined(tag: str, prefix: str, names: dict[str, str]) -> str:
    """A tag of a file of its own as one inside a page: links lead inside it, ids are counted for this page.

    The library counts its ids through the life of the process, so they would differ from one page to the next.
    """
    if tag.startswith("<a "):
        target = re.search(r'"(#seq-\d+)"', tag)
        return f'<a href="{target[1]}" tabindex="-1">' if target else "<a>"
    tag = _UNWANTED.sub("", tag)
    return _ID.sub(lambda found: found[1] + names.setdefault(found[2], f"{prefix}{len(names)}"), tag)
