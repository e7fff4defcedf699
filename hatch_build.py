"""The README as the package index shows it: without what only a checkout has.

Its pictures and links are relative to the repository, of which the index knows nothing. With a URL
`Repository` in pyproject.toml they lead there, to the tag of the version; without one the pictures
are left out and the links are plain text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)]+)\)(?P<end>\n?)")
_MARK = re.compile(r"<!-- ci: \w+ -->\n")


class ReadmeHook(MetadataHookInterface):
    """Sets the field `readme` of the project."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Put the text into the metadata."""
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = for_index(readme, metadata.get("urls", {}).get("Repository"), metadata["version"])
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def for_index(text: str, repository: str | None, version: str) -> str:
    """The text with absolute links into a repository, or without relative ones if there is none."""

    def absolute(match: re.Match[str]) -> str:
        picture, words, target, end = match.group("picture", "text", "target", "end")
        if target.startswith(("https://", "#")):
            return match[0]
        if repository:
            kind = "raw" if picture else "blob"
            return f"{picture}[{words}]({repository}/{kind}/v{version}/{target}){end}"
        return "" if picture else words + end

    return _LINK.sub(absolute, _MARK.sub("", text))
