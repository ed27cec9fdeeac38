"""A device that refuses memory: ``python -m tests.soak.device ROOM`` ends with status 0 if all is as expected.

In a process of its own, because one that has started JAX had better not fork, and other faults do.
"""

import sys

from reproduce.errors import notify_of_warnings
from reproduce.population.device import OutOfMemoryError
from reproduce.population.engine import Population
from reproduce.population.problems import classification
from reproduce.population.waves import train_members
from tests.population.test_memory import EXAMPLES, MEMBERS, SmallDevice, initial, linear
from tests.soak.kills import require


def main() -> None:
    """Train more members than there is room for, then one where there is room for none."""
    room, notices = int(sys.argv[1]), []
    device = SmallDevice(room)
    with notify_of_warnings(notices.append):
        trainings = train_members(device, MEMBERS, EXAMPLES, 2, largest=8)
    alone = train_members(Population(classification(initial, linear)), MEMBERS, EXAMPLES, 2, largest=1)
    losses = [[training.curve.train_loss for training in each] for each in (trainings, alone)]
    require(losses[0] == losses[1], "other losses than one member at a time")
    require(len(notices) > 0 and device.asked[-1] <= room, "the batch was not halved in words")
    try:
        train_members(SmallDevice(0), MEMBERS[:1], EXAMPLES, 1, largest=4)
    except OutOfMemoryError as error:
        require("does not hold one network" in str(error), f"said: {error}")
        return
    raise AssertionError("went on where not even one member fits")


if __name__ == "__main__":
    main()
