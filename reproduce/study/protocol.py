"""Protocols: every setting that can change a number, read from ``artifact/protocols/NAME.toml``."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reproduce.data.settings import DataSettings
from reproduce.errors import ProtocolError
from reproduce.settings import read_settings, require

_PACKAGE = Path(__file__).resolve().parent
#: In a checkout, and where an installed package keeps its copy.
PROTOCOL_FOLDERS = (_PACKAGE.parent / "artifact" / "protocols", _PACKAGE / "protocols")


@dataclass(frozen=True)
class DigitsSettings:
    """How scikit-learn's digits are split.

    Attributes:
        test_fraction: Share of each class kept for the test.
        validation_fraction: Share of each class's remaining images kept for validation.
    """

    test_fraction: float
    validation_fraction: float

    def __post_init__(self) -> None:
        _require_fraction("test_fraction", self.test_fraction)
        _require_fraction("validation_fraction", self.validation_fraction)


@dataclass(frozen=True)
class FolderSettings:
    """How a folder of class folders is read when ``--data-dir`` names one.

    Attributes:
        image_size: Height and width, in pixels, to which every image is resized.
        train_per_class: Most images of a class taken from its train folder, validation included; 0 takes all.
        test_per_class: Most images of a class taken from its test folder; 0 takes all.
        validation_fraction: Share of each class's train images kept for validation.
    """

    image_size: int
    train_per_class: int
    test_per_class: int
    validation_fraction: float

    def __post_init__(self) -> None:
        require(4 <= self.image_size <= 1024, "image_size", self.image_size, "between 4 and 1024 pixels")
        require(self.train_per_class >= 0, "train_per_class", self.train_per_class, "0 (all) or more")
        require(self.test_per_class >= 0, "test_per_class", self.test_per_class, "0 (all) or more")
        _require_fraction("validation_fraction", self.validation_fraction)


@dataclass(frozen=True)
class ModelSettings:
    """The surrogate network.

    Attributes:
        base_filters: Filters of the first convolution; the second has twice, the third four times as many.
        dropout: Rate of the dropout before the last layer.
        batch_norm_momentum: Share of the old running mean and variance kept at each step; Keras' 0.99 needs some
            hundred steps before what validation sees is what training saw.
    """

    base_filters: int
    dropout: float
    batch_norm_momentum: float

    def __post_init__(self) -> None:
        require(1 <= self.base_filters <= 4096, "base_filters", self.base_filters, "between 1 and 4096")
        require(0 <= self.dropout < 1, "dropout", self.dropout, "in [0, 1)")
        momentum = self.batch_norm_momentum
        require(0 <= momentum < 1, "batch_norm_momentum", momentum, "in [0, 1)")


@dataclass(frozen=True)
class TrainingSettings:
    """The length and schedule of one run.

    Attributes:
        batch_size: Images of a step; what is left over at an epoch's end is dropped, after a fresh shuffle each epoch.
        epochs: Passes over the training images.
        warmup_fraction: Share of all steps in which the rate rises linearly from 0 to its peak.
        hold_fraction: Share of all steps at the peak after the warm-up; a half cosine to 0 takes the rest.
    """

    batch_size: int
    epochs: int
    warmup_fraction: float
    hold_fraction: float

    def __post_init__(self) -> None:
        require(self.batch_size >= 1, "batch_size", self.batch_size, "1 or more")
        require(self.epochs >= 1, "epochs", self.epochs, "1 or more")
        require(0 <= self.warmup_fraction < 1, "warmup_fraction", self.warmup_fraction, "in [0, 1)")
        room = 1 - self.warmup_fraction
        require(0 <= self.hold_fraction < room, "hold_fraction", self.hold_fraction, f"in [0, {room:g})")


@dataclass(frozen=True)
class RateSettings:
    """The peak learning rates that every optimizer is tried at.

    Attributes:
        grid: The shared grid, ascending, each rate the same factor above the one before.
        most_extra_rates: How many rates one optimizer's grid may grow by, one at a time, while its best is at an edge.
    """

    grid: tuple[float, ...]
    most_extra_rates: int

    def __post_init__(self) -> None:
        require(len(self.grid) >= 2, "grid", list(self.grid), "at least two rates")
        require(all(rate > 0 for rate in self.grid), "grid", list(self.grid), "positive rates")
        pairs = list(zip(self.grid, self.grid[1:], strict=False))
        require(all(low < high for low, high in pairs), "grid", list(self.grid), "ascending")
        even = all(abs(high / low / self.factor - 1) < 0.1 for low, high in pairs)
        require(even, "grid", list(self.grid), "evenly spaced in the logarithm (within 10 %)")
        require(0 <= self.most_extra_rates <= 20, "most_extra_rates", self.most_extra_rates, "between 0 and 20")

    @property
    def factor(self) -> float:
        """The mean ratio of neighbours."""
        return float((self.grid[-1] / self.grid[0]) ** (1 / (len(self.grid) - 1)))

    def grown(self, below: int, above: int) -> tuple[float, ...]:
        """The grid with that many more rates at its ends, these rounded to three digits."""
        lower = (self.grid[0] / self.factor**step for step in range(below, 0, -1))
        upper = (self.grid[-1] * self.factor**step for step in range(1, above + 1))
        return (*(_three_digits(rate) for rate in lower), *self.grid, *(_three_digits(rate) for rate in upper))


@dataclass(frozen=True)
class SeedSettings:
    """Seeds of weights, batches and dropout; one seed gives every optimizer the same of each.

    Attributes:
        tune: Seeds of the runs that choose the rate.
        final: Fresh seeds of the runs that are reported, at the chosen rate.
    """

    tune: tuple[int, ...]
    final: tuple[int, ...]

    def __post_init__(self) -> None:
        for name, seeds in (("tune", self.tune), ("final", self.final)):
            require(len(seeds) > 0, name, list(seeds), "at least one seed")
            require(all(0 <= seed < 2**31 for seed in seeds), name, list(seeds), "seeds in [0, 2^31)")
            require(len(set(seeds)) == len(seeds), name, list(seeds), "different seeds")
        fresh = not set(self.tune) & set(self.final)
        require(fresh, "final", list(self.final), f"fresh seeds, none of tune = {list(self.tune)}")


@dataclass(frozen=True)
class OptimizerSettings:
    """Which optimizers take part.

    Attributes:
        catalog: Names in the catalog of `paper_optimizers`.
        keras: Names of Keras' own optimizers, which run with Keras' default settings but for the rate.
        reference: The optimizer that differences are taken to.
    """

    catalog: tuple[str, ...]
    keras: tuple[str, ...]
    reference: str

    def __post_init__(self) -> None:
        every = self.catalog + self.keras
        require(len(every) > 0, "catalog", list(self.catalog), "at least one optimizer here or in keras")
        twice = sorted({name for name in every if every.count(name) > 1})
        require(not twice, "keras", list(self.keras), f"each name once; twice: {', '.join(twice)}")
        require(self.reference in every, "reference", self.reference, "one of the optimizers of this protocol")

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, in the order of the tables."""
        return self.catalog + self.keras


@dataclass(frozen=True)
class Protocol:
    """All settings of one profile.

    Attributes:
        profile: The protocol's name, that of its file.
        description: What the profile is for, in a sentence.
        digits: See `DigitsSettings`.
        folder: See `FolderSettings`.
        model: See `ModelSettings`.
        training: See `TrainingSettings`.
        rates: See `RateSettings`.
        seeds: See `SeedSettings`.
        optimizers: See `OptimizerSettings`.
    """

    profile: str
    description: str
    digits: DigitsSettings
    folder: FolderSettings
    model: ModelSettings
    training: TrainingSettings
    rates: RateSettings
    seeds: SeedSettings
    optimizers: OptimizerSettings

    def data(self, data_dir: Path | None) -> DataSettings:
        """The digits, or the folder ``data_dir``, as these settings cut them."""
        cut = self.digits if data_dir is None else self.folder
        return DataSettings(
            source="digits" if data_dir is None else "folder",
            image_size=0 if data_dir is None else self.folder.image_size,
            train_per_class=0 if data_dir is None else self.folder.train_per_class,
            test_per_class=0 if data_dir is None else self.folder.test_per_class,
            validation_fraction=cut.validation_fraction,
            test_fraction=self.digits.test_fraction,
            leave_out=(),
            window=0,
            label_noise=0.0,
            imbalance=1.0,
        )

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain data."""
        return dataclasses.asdict(self)

    def hash(self) -> str:
        """16 hexadecimal digits of the settings' canonical form; the description does not count."""
        settings = {key: value for key, value in self.to_dict().items() if key != "description"}
        text = json.dumps(settings, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def load_protocol(name: str) -> Protocol:
    """Read the protocol of this project called ``name``, or of the TOML file at the path ``name``.

    Raises:
        ProtocolError: If there is none, or `parse_protocol` refuses it.
    """
    path = Path(name) if name.endswith(".toml") else _find(name)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProtocolError(f"cannot read the protocol {path}: {error}") from None
    protocol = parse_protocol(text, str(path))
    if protocol.profile != path.stem:
        raise ProtocolError(f"{path}: profile must be the file's name, {path.stem!r}; received {protocol.profile!r}")
    return protocol


def parse_protocol(text: str, origin: str = "protocol") -> Protocol:
    """Read a protocol from TOML text; ``origin`` names it in errors.

    Raises:
        ProtocolError: Naming the key, for text that is not TOML and for any unknown, missing, ill-typed or
            out-of-range field.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"{origin} is not valid TOML: {error}") from None
    return read_settings(Protocol, table, origin)


def _find(name: str) -> Path:
    for folder in PROTOCOL_FOLDERS:
        path = folder / f"{name}.toml"
        if path.is_file() and path.parent == folder:
            return path
    known = sorted({path.stem for folder in PROTOCOL_FOLDERS for path in folder.glob("*.toml")})
    raise ProtocolError(
        f"no profile {name!r}; there are: {', '.join(known) or 'none'} (or give a path ending in .toml)"
    )


def _three_digits(value: float) -> float:
    return float(f"{value:.3g}")


def _require_fraction(name: str, value: float) -> None:
    require(0 < value < 1, name, value, "in (0, 1)")
