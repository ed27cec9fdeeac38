"""Settings, and small data sets of real encoded images, as folders, archives and published files."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from reproduce.data.settings import ImageSettings

FOLDER = ImageSettings(source="folder", validation_fraction=0.25, image_size=8)


def encoded(seed: int, size: tuple[int, int] = (8, 9), kind: str = "jpeg", grey: bool = False) -> bytes:
    """An image of noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if grey else pixels).save(file, kind)
    return file.getvalue()


def make_pets(root: Path) -> Path:
    """A data set of two classes, eight train and three test images each, of mixed sizes and kinds."""
    for seed, part in enumerate(("train", "test")):
        for label, name in enumerate(("cat", "dög")):
            folder = root / part / name
            folder.mkdir(parents=True)
            for number in range(3 if seed else 8):
                kind = "png" if number % 2 else "jpeg"
                content = encoded(100 * seed + 10 * label + number, (8 + number, 9), kind, grey=not number)
                (folder / f"{number}.{'png' if number % 2 else 'jpg'}").write_bytes(content)
    return root


def pack(folder: Path, path: Path, mode: str = "") -> Path:
    """``folder`` as an archive: a zip, or a tar packed as ``mode`` says."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in files:
                archive.write(file, Path(folder.name, file.relative_to(folder)))
    else:
        with tarfile.open(path, f"w:{mode}") as tar:
            tar.add(folder, folder.name)
    return path


def tar_of(path: Path, contents: dict[str, bytes], *extra: tarfile.TarInfo, mode: str = "") -> Path:
    """A tar of these files and of members without content."""
    with tarfile.open(path, f"w:{mode}") as archive:
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in extra:
            archive.addfile(info)
    return path
