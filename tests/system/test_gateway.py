"""A gateway at a real Kafka: snapshots, updates, resuming, and its HTTP endpoints."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from support.consuming import all_of
from support.gateway import (
    alarm,
    client,
    forecast,
    gateway,
    publish_alarms,
    publish_forecasts,
    wait_for,
)
from support.sending import publish
from websockets.exceptions import ConnectionClosed

from gridcast.schemas import AlarmChange, Command, Forecast, GridSeries, Reading
from gridcast.schemas.topics import COMMANDS, READINGS, SERIES
from gridcast.stream.kafka.broker import Broker
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings


@pytest.fixture
def settings(kafka: str) -> Settings:
    """A deployment of the test's own on the common Kafka."""
    own = Settings(broker=kafka, topic_prefix=f"{uuid4().hex[:8]}.", partitions=2)
    admin = TopicAdmin(own)
    admin.create(admin.look().missing)
    return own


def of_type(messages: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [message[kind] for message in messages if message["type"] == kind]


def test_a_new_gateway_has_read_everything_before_it_is_ready(
    settings: Settings, tmp_path: Path
) -> None:
    publish(settings, SERIES, GridSeries(series="f-1", kind="feeder"))
    publish_forecasts(
        settings, *(forecast(f"m-{meter}", minute) for minute in range(3) for meter in range(20))
    )
    publish_alarms(settings, alarm("a-1"), alarm("a-1", change=AlarmChange.ACKNOWLEDGED, minute=1))
    with gateway(settings, tmp_path) as running, client(running.socket) as viewer:
        messages = viewer.snapshot()
        forecasts = of_type(messages, "forecast")
        assert sorted(each["series"] for each in forecasts) == sorted(f"m-{n}" for n in range(20))
        assert {each["tick"] for each in forecasts} == {"2026-01-01T12:02:00Z"}
        assert forecasts[0] == json.loads(forecast(forecasts[0]["series"], 2).to_bytes())
        assert [each["change"] for each in of_type(messages, "alarm")] == ["acknowledged"]
        assert [each["series"] for each in of_type(messages, "series")] == ["f-1"]

        publish_forecasts(settings, forecast("m-3", 3))
        assert viewer.hear_until("forecast")[-1]["forecast"]["tick"] == "2026-01-01T12:03:00Z"


def test_a_client_gets_what_it_subscribed_to_and_nothing_else(
    settings: Settings, tmp_path: Path
) -> None:
    publish(
        settings,
        SERIES,
        GridSeries(series="f-1", kind="feeder"),
        GridSeries(series="m-1", parent="f-1"),
        GridSeries(series="m-2", parent="f-1"),
        GridSeries(series="m-3", parent="f-2"),
    )
    publish_forecasts(settings, *(forecast(name) for name in ("f-1", "m-1", "m-2", "m-3")))

    def series_of(**wanted: Any) -> list[str]:
        with client(running.socket) as viewer:
            messages = viewer.snapshot(what=["forecast"], **wanted)
            return sorted(each["series"] for each in of_type(messages, "forecast"))

    with gateway(settings, tmp_path) as running:
        assert series_of(series=["m-3", "m-9"]) == ["m-3"]
        assert series_of(below=["f-1"]) == ["f-1", "m-1", "m-2"]
        assert series_of(kinds=["feeder"]) == ["f-1"]
        assert series_of(all=True) == ["f-1", "m-1", "m-2", "m-3"]
        with client(running.socket) as viewer:
            viewer.snapshot(what=["forecast"], below=["f-1"])
            publish_forecasts(settings, forecast("m-3", 1), forecast("m-2", 1))
            assert viewer.hear_until("forecast")[-1]["forecast"]["series"] == "m-2"
            # A meter that moves in the grid is sent to clients that see it only now.
            publish(settings, SERIES, GridSeries(series="m-3", parent="f-1"))
            assert viewer.hear_until("forecast")[-1]["forecast"]["series"] == "m-3"


def test_after_a_kill_a_client_resumes_at_another_gateway_and_misses_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    publish_forecasts(settings, forecast("m-1"), forecast("m-2"))
    publish_alarms(settings, alarm("a-0"))
    with (
        gateway(settings, tmp_path, gateway_heartbeat_s="1") as running,
        client(running.socket) as viewer,
    ):
        viewer.snapshot()
        publish_alarms(settings, alarm("a-1"))
        viewer.hear_until("alarm")
        position = viewer.hear_until("current")[-1]
        running.kill()
        with pytest.raises(ConnectionClosed):
            viewer.hear_until("never")  # a heartbeat may still be under way
    publish_alarms(settings, alarm("a-2"), *(alarm("a-2", minute=minute) for minute in range(1, 9)))
    publish_forecasts(settings, forecast("m-2", 1))
    resume = {"epoch": position["epoch"], "seq": position["seq"]}
    with gateway(settings, tmp_path) as running, client(running.socket) as viewer:
        messages = viewer.snapshot(all=True, resume=resume)
        assert [each["series"] for each in of_type(messages, "forecast")] == ["m-2"]
        changes = [message for message in messages if message["type"] == "alarm"]
        assert {change["alarm"]["alarm"] for change in changes} == {"a-2"}
        (partition,) = {change["seq"][0] for change in changes}
        begin = position["seq"]["alarm"][partition]
        assert [change["seq"][1] for change in changes] == list(range(begin, begin + 9))
        other = viewer.snapshot("other", all=True, resume={"epoch": "another", "seq": {}})
        assert len(of_type(other, "forecast")) == 2


def test_an_alarm_is_acknowledged_in_the_name_of_the_operator(
    settings: Settings, tmp_path: Path
) -> None:
    publish_alarms(settings, alarm("a-1"), alarm("a-2", change=AlarmChange.CLEARED))
    with gateway(settings, tmp_path) as running, client(running.socket) as viewer:
        viewer.say(type="act", request="r1", alarm="a-1", action="acknowledge", note="seen")
        (acted,) = viewer.hear_until("acted")
        (record,) = all_of(settings, COMMANDS.name)
        command = Command.from_bytes(record.value())
        assert (command.command, command.by, command.note) == (acted["command"], "anybody", "seen")
        viewer.say(type="act", request="r2", alarm="a-2", action="acknowledge")
        assert viewer.hear_until("refused")[-1]["because"] == "unknown-alarm"
        until = (datetime.now(UTC) + timedelta(hours=25)).isoformat()
        viewer.say(type="act", request="r3", alarm="a-1", action="shelve", until=until)
        assert (
            viewer.hear_until("refused")[-1]["detail"] == "an alarm is shelved for 24 hours at most"
        )
    assert len(all_of(settings, COMMANDS.name)) == 1


def test_readings_are_thinned_and_their_past_is_read_over_http(
    settings: Settings, tmp_path: Path
) -> None:
    with gateway(settings, tmp_path, gateway_readings_every_s="0.5") as running:
        with client(running.socket) as viewer:
            viewer.snapshot(what=["reading"], all=True)
            start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=30)
            publish(
                settings,
                READINGS,
                *(
                    Reading(series="m-1", time=start + timedelta(minutes=minute), value=minute)
                    for minute in range(30)
                ),
            )
            messages = viewer.hear_until("reading")
            while messages[-1]["reading"]["value"] != 29:
                messages += viewer.hear_until("reading")
            assert len(of_type(messages, "reading")) < 15
        status, text = running.ask("/v1/past?series=m-1")
        past = json.loads(text)
        assert status == 200
        assert past["newest"]["value"] == 29
        assert len(past["time"]) in {2, 3}
        status, headers, body = running.ask_whole("/v1/past?series=m-1&format=csv")
        assert headers["Content-Type"] == "text/csv; charset=utf-8"
        assert body.splitlines()[0] == b"time,mean_kw"
        assert len(body.splitlines()) == 1 + len(past["time"])
        assert running.ask("/v1/past?series=m-9")[0] == 404


def test_the_newest_forecast_is_read_over_http_as_json_and_csv(
    settings: Settings, tmp_path: Path
) -> None:
    publish_forecasts(settings, forecast("m/1"))
    with gateway(settings, tmp_path) as running:
        status, text = running.ask("/v1/forecast?series=m%2F1")
        assert status == 200
        assert Forecast.from_bytes(text.encode()) == forecast("m/1")
        status, text = running.ask("/v1/forecast?series=m/1&format=csv")
        assert text.splitlines()[:2] == [
            "time,kw_0.05,kw_0.5,kw_0.95",
            "2026-01-01T12:00:00Z,0,1,2",
        ]
        assert running.ask("/v1/forecast")[0] == 400
        assert running.ask("/v1/forecast?series=m/1&format=xml")[0] == 400
        assert "OPEN TO EVERYBODY on this machine" in running.said()
        assert running.ask("/healthz") == (200, "alive\n")
        assert "gridcast_gateway_known" in running.ask("/metrics")[1]
        assert "<title>gridcast</title>" in running.ask("/")[1]
        assert running.ask("/../../etc/passwd")[0] == 404


def test_a_gateway_reports_what_it_waits_for_and_stops_cleanly(
    settings: Settings, tmp_path: Path
) -> None:
    nowhere = settings.model_copy(update={"broker": "127.0.0.1:1"})
    with gateway(nowhere, tmp_path, ready=False) as running:
        assert running.ask("/healthz") == (200, "alive\n")
        assert running.ask("/readyz")[0] == 503
        assert running.stop() == 0
    with gateway(settings, tmp_path) as running, client(running.socket) as viewer:
        viewer.snapshot()
        assert running.stop() == 0
        with pytest.raises(ConnectionClosed) as closed:
            viewer.hear_until("never")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        assert "Traceback" not in running.said()


def test_a_gateway_without_topics_ends_with_one_clear_error(kafka: str, tmp_path: Path) -> None:
    empty = Settings(broker=kafka, topic_prefix=f"{uuid4().hex[:8]}.")
    with gateway(empty, tmp_path, ready=False) as running:
        wait_for(lambda: running.has_ended, running.said)
        last = running.said().splitlines()[-1]
        assert last.endswith("run `gridcast topics create`")
        assert running.process.returncode == 2


def test_while_kafka_is_away_a_gateway_serves_what_it_has_and_reports_the_outage(
    tmp_path: Path,
) -> None:
    with Broker() as broker:
        own = Settings(broker=broker.address, partitions=2)
        admin = TopicAdmin(own)
        admin.create(admin.look().missing)
        publish_forecasts(own, forecast("m-1"))
        publish_alarms(own, alarm("a-1"))
        with (
            gateway(own, tmp_path, gateway_heartbeat_s="1") as running,
            client(running.socket) as viewer,
        ):
            viewer.snapshot()
            (node,) = broker.nodes
            node.kill()
            silent = viewer.hear_until("current")
            while not silent[-1]["stale_s"]:
                silent = viewer.hear_until("current")
            assert "nothing heard of Kafka for" in silent[-1]["degraded"][0]
            with client(running.socket) as other:
                assert len(of_type(other.snapshot(), "forecast")) == 1
            viewer.say(type="act", request="r", alarm="a-1", action="acknowledge")
            assert viewer.hear_until("refused")[-1]["because"] == "unavailable"
            assert running.ask("/readyz")[0] == 200

            node.start()
            broker.wait_until_ready()
            publish_forecasts(own, forecast("m-1", 1))
            assert viewer.hear_until("forecast")[-1]["forecast"]["series"] == "m-1"
            fresh = viewer.hear_until("current")
            while fresh[-1]["stale_s"]:
                fresh = viewer.hear_until("current")
            assert running.stop() == 0
            assert "Traceback" not in running.said()
