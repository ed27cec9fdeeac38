"""From a job to its row, inside a worker."""

from __future__ import annotations

from dataclasses import dataclass

from reproduce.data import Dataset
from reproduce.machine import backend_name, device_name, versions
from reproduce.study.optimizers import Entrant
from reproduce.study.protocol import Protocol
from reproduce.study.rows import SCHEMA, Job, Row
from reproduce.study.workers import Run


@dataclass(frozen=True)
class MakeTrainingRun:
    """Makes the function that trains; see `reproduce.study.workers.RunMaker`.

    Attributes:
        protocol: The settings.
        dataset: The task.
        entrants: The optimizers.
    """

    protocol: Protocol
    dataset: Dataset
    entrants: tuple[Entrant, ...]

    def __call__(self) -> Run:
        """Start Keras; the function keeps the last optimizer's compiled loop."""
        from reproduce.training.trainer import Trainer

        entrants = {entrant.name: entrant for entrant in self.entrants}
        checksum, protocol_hash = self.dataset.checksum(), self.protocol.hash()
        device, backend = device_name(), backend_name()
        kept: dict[str, Trainer] = {}

        def run(job: Job) -> Row:
            entrant = entrants[job.optimizer]
            if job.optimizer not in kept:
                kept.clear()
                kept[job.optimizer] = Trainer(self.protocol, self.dataset, entrant)
            measured = kept[job.optimizer].run(job.rate, job.seed, test=job.phase == "final")
            return Row(
                schema=SCHEMA,
                profile=self.protocol.profile,
                protocol=protocol_hash,
                task=self.dataset.name,
                data=checksum,
                num_classes=len(self.dataset.classes),
                optimizer=job.optimizer,
                kind=entrant.kind,
                fingerprint=entrant.fingerprint,
                phase=job.phase,
                rate=job.rate,
                seed=job.seed,
                outcome=measured.outcome,
                steps=measured.steps,
                curve=measured.curve,
                validation_accuracy=measured.validation_accuracy,
                test_accuracy=measured.test_accuracy,
                seconds=round(measured.seconds, 4),
                device=device,
                backend=backend,
                versions=versions(backend),
            )

        return run
