"""Every data set that profile smoke asks for can be made from what comes with the packages."""

import pytest

from reproduce.data.settings import DataSettings
from reproduce.data.sources import load_dataset, require_batch
from reproduce.study.protocol import TaskSettings, load_protocol, studies

TASKS = [(study, task) for study in studies("smoke") for task in load_protocol("smoke", study).tasks]


def data_of(task: TaskSettings) -> list[DataSettings]:
    return [task.data, *([] if task.pretraining is None else [task.pretraining.data])]


@pytest.mark.parametrize(("study", "task"), TASKS, ids=[f"{study}-{task.name}" for study, task in TASKS])
def test_the_data_of_every_smoke_task_can_be_made(study: str, task: TaskSettings) -> None:
    for settings in data_of(task):
        dataset = load_dataset(settings)
        require_batch(dataset, task.training.batch_size)
        assert min(len(dataset.train), len(dataset.validation), len(dataset.test)) > 0
