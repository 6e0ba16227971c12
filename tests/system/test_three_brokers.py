"""Three brokers, of which one is lost and comes back: the workers go on, and nothing is lost."""

from pathlib import Path

from support.chaos.day import make_day
from support.chaos.deployment import Deployment
from support.chaos.experiment import settings_of
from support.chaos.outcome import collect, compare, folded
from support.chaos.storm import play_calm

from gridcast.stream.kafka.broker import Broker

GET_ON_WITHIN_S = 120.0


def test_a_worker_goes_on_while_one_broker_is_killed_and_comes_back(
    kafka_cluster: Broker, tmp_path: Path
) -> None:
    day = make_day(series=6, hours=3, seed=2)
    third = len(day.messages) // 3
    first, second, last = (day.messages[at : at + third] for at in (0, third, 2 * third))
    last += day.messages[3 * third :]
    calm = Deployment(settings_of(kafka_cluster, tmp_path, "calm"), tmp_path / "calm")
    try:
        play_calm(calm, day)
    finally:
        calm.close()

    stormy = Deployment(settings_of(kafka_cluster, tmp_path, "storm"), tmp_path / "storm")
    victim = kafka_cluster.nodes[0]
    try:
        stormy.start()
        stormy.start()
        stormy.send(first)
        stormy.wait_until(1, GET_ON_WITHIN_S)
        victim.kill()
        stormy.send(second)
        # With two of three left all goes on: nobody waits for the third.
        stormy.wait_until_all_is_kept(GET_ON_WITHIN_S)
        victim.start()
        stormy.send(last)
        kafka_cluster.wait_until_ready()
        stormy.wait_until_all_is_kept(GET_ON_WITHIN_S)
        for worker in list(stormy.workers):
            stormy.stop(worker)
    finally:
        stormy.close()

    found = compare(collect(calm.settings), collect(stormy.settings))
    assert found.is_same, f"{found}\nlogs: {tmp_path}"
    assert found.forecasts > 6 * (3 * 60 - 5)
    assert folded(stormy.settings) == collect(stormy.settings).windows
