"""Measurements of speed, of optimizers, of the engine and beside frameworks; and ``devices``, what computes."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console

from reproduce.bench.step_parts import DOORS, NETWORKS
from reproduce.bench.step_sizes import SIZES as STEP_SIZES
from reproduce.commands.arguments import add_output, positive
from reproduce.machine import require_named_devices

if TYPE_CHECKING:
    from reproduce.commands import Commands


def add(commands: Commands) -> None:
    """Add the four commands."""
    _add_optimizers(commands)
    _add_engine(commands)
    _add_frameworks(commands)
    devices = commands.add_parser("devices", help="show the devices that JAX and TensorFlow see")
    devices.add_argument(
        "--require", choices=("cpu", "gpu"), default="cpu", help="end with status 1 unless both see one"
    )
    devices.set_defaults(command=_devices)


def _add_optimizers(commands: Commands) -> None:
    bench = commands.add_parser(
        "bench-optimizers", help="time a training step of every optimizer beside Adam of the same framework"
    )
    bench.add_argument(
        "--rounds", type=positive, default=30, help="how often each step is timed, in turns (default: %(default)s)"
    )
    bench.add_argument(
        "--optimizers",
        nargs="+",
        metavar="NAME",
        help="names as in protocols (default: the evolved ones, and those of a main study in Keras on TensorFlow)",
    )
    bench.add_argument(
        "--doors",
        nargs="+",
        metavar="DOOR",
        choices=tuple(DOORS),
        help=f"frameworks: {', '.join(DOORS)} (default: all that are installed)",
    )
    bench.add_argument(
        "--networks",
        nargs="+",
        metavar="NETWORK",
        choices=tuple(NETWORKS),
        help=f"what is trained: {', '.join(NETWORKS)} (default: all)",
    )
    bench.add_argument(
        "--peers",
        nargs="+",
        metavar="MODULE.CLASS",
        default=(),
        help="optimizers of other packages, which you have installed, to be timed beside PyTorch's Adam",
    )
    add_output(bench, "folder to write to")
    bench.set_defaults(command=_bench)


def _add_engine(commands: Commands) -> None:
    engine = commands.add_parser("bench-engine", help="time the population engine beside one-at-a-time Keras")
    engine.add_argument(
        "--size",
        choices=("smoke", "full"),
        help="smoke: a network for CPUs; full: the paper's surrogate at full length, for GPUs (default: by the device)",
    )
    engine.add_argument("--candidates", type=positive, help="candidates the engine scores at once (default: 32)")
    engine.add_argument(
        "--rounds", type=positive, help="measurements of the engine and of Keras (default: 10, full: 3)"
    )
    engine.add_argument("--epochs", type=positive, help="epochs of a candidate's run (default: 6, full: 40)")
    engine.add_argument(
        "--members", type=positive, help="largest number of members of the cost curve (default: 32, full: 1024)"
    )
    engine.add_argument("--quick", action="store_true", help="measure little, to see that everything runs")
    add_output(engine, "folder to write to")
    engine.set_defaults(command=_bench_engine)


def _add_frameworks(commands: Commands) -> None:
    frameworks = commands.add_parser(
        "bench-frameworks", help="time a training step in the population engine and in other frameworks, on all cores"
    )
    frameworks.add_argument(
        "--sizes",
        nargs="+",
        metavar="SIZE",
        choices=tuple(STEP_SIZES),
        help=f"what is trained: {', '.join(STEP_SIZES)} (default: all)",
    )
    frameworks.add_argument(
        "--rounds", type=positive, default=9, help="how often each contestant is timed, in turns (default: %(default)s)"
    )
    add_output(frameworks, "folder to write to")
    frameworks.set_defaults(command=_bench_frameworks)


def _bench(options: argparse.Namespace, console: Console) -> None:
    from reproduce.bench.optimizer_steps import StepBenchSettings, bench_optimizers

    require_named_devices()
    settings = StepBenchSettings(
        doors=tuple(options.doors or DOORS),
        networks=tuple(options.networks or NETWORKS),
        optimizers=tuple(options.optimizers) if options.optimizers else None,
        rounds=options.rounds,
        peers=tuple(options.peers),
    )
    bench_optimizers(settings, options.output, console)


def _bench_engine(options: argparse.Namespace, console: Console) -> None:
    from reproduce.bench.engine import bench_engine, default_settings
    from reproduce.bench.sizes import SIZES, quick

    require_named_devices()
    settings = SIZES[options.size] if options.size else default_settings()
    settings = quick(settings) if options.quick else settings
    if options.epochs:
        settings = replace(settings, race=replace(settings.race, epochs=options.epochs))
    given = {name: getattr(options, name) for name in ("candidates", "rounds", "members")}
    bench_engine(replace(settings, **{name: value for name, value in given.items() if value}), options.output, console)


def _bench_frameworks(options: argparse.Namespace, console: Console) -> None:
    from reproduce.bench.frameworks import FrameworkBenchSettings, bench_frameworks

    sizes = tuple(options.sizes or STEP_SIZES)
    bench_frameworks(FrameworkBenchSettings(sizes, options.rounds), options.output, console)


def _devices(options: argparse.Namespace, console: Console) -> int:
    from reproduce.machine import visible_devices

    seen = visible_devices()
    for library, devices in seen.items():
        names = "not installed" if devices is None else ", ".join(name for _, name in devices) or "none"
        console.print(f"{library}: {names}", highlight=False, markup=False)
    lacking = [name for name, devices in seen.items() if options.require not in {kind for kind, _ in devices or ()}]
    if lacking:
        verb = "see" if len(lacking) > 1 else "sees"
        console.print(f"{' and '.join(lacking)} {verb} no {options.require}", style="red", highlight=False)
    return 1 if lacking else 0
