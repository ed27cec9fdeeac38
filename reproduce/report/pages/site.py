"""Pages of the documentation's site that are not in docs/: the gallery, the pages of artifact/ and the changelog.

MkDocs calls `on_files` and `on_page_markdown` (``hooks`` in mkdocs.yml).
"""

from __future__ import annotations

import posixpath
import re
from typing import Any

from reproduce.report.pages import ROOT, gallery

#: Files of the checkout that become pages, by their path; what these show lies beside them.
_PAGES = ("CHANGELOG.md", "artifact/*.md")
_SHOWN = ("artifact/figures/**/*.svg", "artifact/tables/**/*.csv", "artifact/claims.toml")
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Any, config: Any) -> Any:
    """Add what is not in docs/."""
    from mkdocs.structure.files import File

    for pattern in (*_PAGES, *_SHOWN):
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            # A file called README would be the index of its folder, at an address of another form.
            uri = name.replace("artifact/README.md", "artifact/guide.md")
            files.append(File.generated(config, uri, content=path.read_bytes()))
    files.append(File.generated(config, "gallery.md", content=gallery.page()))
    for picture in gallery.pictures():
        uri = f"{gallery.FOLDER}/{picture.name}.svg"
        files.append(File.generated(config, uri, content=picture.render(("svg",))["svg"]))
    return files


def on_page_markdown(markdown: str, page: Any, files: Any, **_: Any) -> str:
    """Links to what is not on the site become the path of the file in the checkout."""
    uris = {each.src_uri for each in files}
    folder = posixpath.dirname(page.file.src_uri)

    def link(found: re.Match[str]) -> str:
        image, text, target, anchor = found[1], found[2], found[3], found[4] or ""
        place = posixpath.normpath(posixpath.join(folder, target)).replace("artifact/README.md", "artifact/guide.md")
        # The site has the pages of docs/ one folder higher than the checkout.
        place = next((each for each in (place, place.removeprefix("../")) if each in uris), "")
        if place:
            return f"{image}[{text}]({posixpath.relpath(place, folder or '.')}{anchor})"
        return f"{text} (`{target.lstrip('./')}` in the repository)"

    outside = re.split(r"(```.*?```)", markdown, flags=re.DOTALL)
    return "".join(part if part.startswith("```") else _LINK.sub(link, part) for part in outside)
