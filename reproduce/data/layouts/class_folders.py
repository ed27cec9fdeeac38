"""One folder for each class, ``{train,test}/CLASS/*.jpg``: how anybody's own images are laid out."""

from __future__ import annotations

from collections.abc import Collection

from reproduce.data.image_files import PARTS, is_image
from reproduce.data.layouts.layout import Contents, Layout, Place, Plan
from reproduce.errors import DataError


def _fits(names: Collection[str]) -> bool:
    return all(f"{part}/" in names for part in PARTS)


def _plan(contents: Contents) -> Plan:
    plan = Plan(contents.origin)
    for folder in sorted(contents.folders):
        if len(folder.parts) == 2 and folder.parts[0] in PARTS:
            plan.add_class(*folder.parts)
    images = (path for path in contents.files if path.parts[0] in PARTS and is_image(path.name))
    for path in sorted(images, key=lambda path: path.parts):  # Quicker than by paths, which split themselves each time.
        if len(path.parts) != 3:
            where = "below" if len(path.parts) > 3 else "outside"
            raise DataError(
                f"{contents.origin}: {path} lies {where} the class folders, which are {path.parts[0]}/CLASS: put it "
                "into one of them, or remove it"
            )
        plan.add(path.parts[0], path.parts[1], path.name, Place(path))
    return plan


CLASS_FOLDERS = Layout("class folders, {train,test}/CLASS/*.jpg", _fits, _plan)
