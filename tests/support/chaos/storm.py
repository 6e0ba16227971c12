"""What happens to the workers and the broker while a day is played."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from support.chaos.day import Day
from support.chaos.deployment import Deployment

from gridcast.stream.kafka.broker import Broker
from gridcast.stream.process.child_process import Process

GET_ON_WITHIN_S = 180.0
"""After whatever happened, all readings must be kept within this time."""
AT_WORK = 0.3
"""So often a blow falls on workers that are at work; else while the last is not got over yet."""
AT_ONCE = 100
"""Readings sent at once."""


@dataclass(frozen=True)
class Storm:
    """How much happens."""

    kills: int
    """kill -9 of a worker, which is started again."""
    broker_restarts: int
    rebalances: int
    """A worker that joins or leaves as it should."""
    seed: int


@dataclass(frozen=True)
class Blow:
    """One thing that happened."""

    event: str
    in_hand: int
    """Readings that were sent and not kept yet."""


Tell = Callable[[str], None]


def play_calm(deployment: Deployment, day: Day) -> None:
    """One worker, and nothing happens."""
    deployment.send(day.messages)
    worker = deployment.start()
    deployment.wait_until_all_is_kept(300)
    deployment.stop(worker)


def play_storm(
    deployment: Deployment, day: Day, storm: Storm, broker: Broker, tell: Tell
) -> list[Blow]:
    """Two workers, or three; something happens between any two stretches of the day."""
    chance, blows = random.Random(storm.seed), []
    events = ["kill"] * storm.kills + ["broker"] * storm.broker_restarts
    events += ["rebalance"] * storm.rebalances
    chance.shuffle(events)
    deployment.start()
    deployment.start()
    stretch = -(-len(day.messages) // (len(events) + 1))
    for number, event in enumerate([*events, "end"]):
        if chance.random() < AT_WORK:
            deployment.wait_until(deployment.sent, GET_ON_WITHIN_S)
        messages = day.messages[number * stretch : (number + 1) * stretch]
        for first in range(0, len(messages), AT_ONCE):
            deployment.send(messages[first : first + AT_ONCE])
            time.sleep(chance.uniform(0, 0.2))
        if event != "end":
            blows.append(Blow(event, deployment.sent - deployment.done()))
            tell(f"{number + 1} of {len(events)}: {event}, {blows[-1].in_hand} readings in hand")
            _strike(event, deployment, broker, chance)
    deployment.wait_until_all_is_kept(300)
    for worker in list(deployment.workers):
        deployment.stop(worker)
    return blows


def _strike(event: str, deployment: Deployment, broker: Broker, chance: random.Random) -> None:
    workers: list[Process] = deployment.workers
    if event == "kill":
        deployment.kill(chance.choice(workers))
        if len(workers) < 2:
            deployment.start()
    elif event == "rebalance":
        if len(workers) > 2:
            deployment.stop(chance.choice(workers))
        else:
            deployment.start()
    else:
        node = broker.nodes[0]
        node.ask_to_stop()
        node.wait(20)
        node.kill()
        time.sleep(chance.uniform(0, 3))
        node.start()
        broker.wait_until_ready()
