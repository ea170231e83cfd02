"""What the YAML parser means when it gives up, in a plain sentence with the mend."""

from __future__ import annotations

from typing import Any

import yaml

_MEANINGS = (
    (
        "mapping values are not allowed",
        "a second ':' in one line; put the text in quotes or begin a new line",
    ),
    ("did not find expected ',' or ']'", "the list in [ ] that began in line {line} is not closed"),
    ("did not find expected ',' or '}'", "the keys in {{ }} that began in line {line} are not closed"),
    ("did not find expected key", "this does not line up with the lines above; mend the indentation"),
    ("did not find expected '-' indicator", "this does not line up with the list above; begin it with '- '"),
    ("could not find expected ':'", "a key without ':' after it"),
    ("block sequence entries are not allowed", "a list cannot begin here; begin a new line"),
    ("block mapping entries are not allowed", "keys cannot begin here; begin a new line"),
    ("unexpected end of stream", "a quote that was opened in line {line} is never closed"),
    ("unexpected document indicator", "a quote that was opened in line {line} is never closed"),
    ("unknown escape character", "an unknown escape after '\\'; use '...' in place of \"...\""),
    (
        "did not find expected <document start>",
        "text after the end of the document; write one document in a file",
    ),
    ("did not find expected node content", "a value is missing here"),
    ("undefined tag handle", "tags such as !name are not read; remove it, or put the text in quotes"),
    ("did not find URI", "tags such as !name are not read; remove it, or put the text in quotes"),
    ("found a tab character", "a tab cannot indent; use spaces"),
)


def explain(error: yaml.MarkedYAMLError, mark: Any, lines_before: int) -> str:
    """One sentence for a parser's error; the parser's own words where we have none better.

    Args:
        error: what PyYAML raised.
        mark: where it found the problem.
        lines_before: lines of the file before the text that was parsed.
    """
    problem = error.problem or str(error)
    if "cannot start any token" in problem:
        return "a value cannot begin with this character; use spaces to indent, or put the value in quotes"
    began = error.context_mark or mark
    for words, meaning in _MEANINGS:
        if words in problem:
            return meaning.format(line=(began.line + 1 + lines_before) if began else "?")
    return f"this is not YAML: {problem}"
