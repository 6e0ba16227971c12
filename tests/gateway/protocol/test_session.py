"""The session of a client, without a socket."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridcast.gateway.protocol import (
    CloseCode,
    ConnectionLimits,
    Format,
    Session,
    SessionState,
    Unsubscribed,
)
from gridcast.schemas import Action
from gridcast.schemas.gateway import (
    Act,
    Authenticate,
    RefusedBecause,
    Scope,
    Subscribe,
    Welcome,
)

WELCOME = Welcome(
    gateway="here/1",
    version="1.0",
    time=datetime(2026, 1, 1, tzinfo=UTC),
    who="anna",
    scopes=[Scope.READ, Scope.ACKNOWLEDGE],
    below=[],
    open=False,
    heartbeat_s=10,
    degraded=[],
)


def new(form: Format = Format.JSON, **limits: int) -> Session:
    return Session(form, ConnectionLimits(**limits))


def open_session(welcome: Welcome = WELCOME, **limits: Any) -> Session:
    session = new(**limits)
    say(session, type="authenticate", key="k")
    session.admit(welcome)
    session.outgoing()
    return session


def say(session: Session, **message: Any) -> list[Any]:
    return session.receive(json.dumps(message))


def sent(session: Session) -> list[dict[str, Any]]:
    return [json.loads(packet.payload) for packet in session.outgoing()]


# Authentication


def test_the_first_message_has_the_credentials() -> None:
    session = new()
    assert say(session, type="authenticate", key="k") == [Authenticate(key="k")]
    assert session.state is SessionState.JUDGING
    assert sent(session) == []


def test_an_admitted_client_is_welcomed() -> None:
    session = new()
    say(session, type="authenticate", token="t")
    session.admit(WELCOME)
    assert session.state is SessionState.OPEN
    (welcome,) = sent(session)
    assert (welcome["type"], welcome["who"]) == ("welcome", "anna")
    assert welcome["scopes"] == ["read", "acknowledge"]


def test_a_request_before_authentication_closes_the_session() -> None:
    session = new()
    assert say(session, type="subscribe", subscription="a", all=True) == []
    assert session.state is SessionState.CLOSED
    assert session.closing is not None
    assert session.closing.code is CloseCode.UNAUTHENTICATED


def test_an_unreadable_first_message_closes_the_session() -> None:
    session = new()
    session.receive("{")
    assert session.closing is not None
    assert session.closing.code is CloseCode.BAD_MESSAGE


def test_without_the_scope_read_the_session_is_closed() -> None:
    session = new()
    say(session, type="authenticate")
    session.admit(WELCOME.model_copy(update={"scopes": [Scope.ADMIN]}))
    assert session.closing is not None
    assert session.closing.code is CloseCode.FORBIDDEN
    assert session.outgoing() == []


def test_nothing_is_read_while_credentials_are_being_judged() -> None:
    session = new()
    say(session, type="authenticate")
    with pytest.raises(RuntimeError, match="first `admit` or `close`"):
        say(session, type="authenticate")


def test_a_session_is_admitted_only_once() -> None:
    session = open_session()
    with pytest.raises(RuntimeError):
        session.admit(WELCOME)


def test_credentials_are_given_once() -> None:
    session = open_session()
    assert say(session, type="authenticate", key="another") == []
    (refused,) = sent(session)
    assert refused["detail"] == "you are authenticated already"


def test_the_error_about_a_broken_message_contains_no_secret() -> None:
    session = new()
    say(session, type="authenticate", key="s3cret" * 100)
    assert session.closing is not None
    assert "s3cret" not in session.closing.text


# Subscriptions


def test_a_subscription_is_passed_on() -> None:
    session = open_session()
    (wanted,) = say(session, type="subscribe", subscription="a", below=["f-1"], what=["alarm"])
    assert isinstance(wanted, Subscribe)
    assert wanted.below == ["f-1"]
    assert session.subscriptions == {"a": wanted}


def test_a_subscription_of_nothing_is_refused_by_its_name() -> None:
    session = open_session()
    assert say(session, type="subscribe", subscription="a") == []
    (refused,) = sent(session)
    assert refused["because"] == "bad-message"
    assert refused["request"] == "a"
    assert "of which series?" in refused["detail"]


def test_a_subscription_of_the_same_name_replaces_the_first() -> None:
    session = open_session()
    (first,) = say(session, type="subscribe", subscription="a", all=True)
    ended, second = say(session, type="subscribe", subscription="a", series=["m-1"])
    assert ended == Unsubscribed(first)
    assert session.subscriptions == {"a": second}


def test_a_subscription_ends_when_the_client_unsubscribes() -> None:
    session = open_session()
    (wanted,) = say(session, type="subscribe", subscription="a", all=True)
    assert say(session, type="unsubscribe", subscription="a") == [Unsubscribed(wanted)]
    assert say(session, type="unsubscribe", subscription="a") == []
    assert sent(session)[0]["detail"] == "there is no such subscription"


def test_the_number_of_subscriptions_is_limited() -> None:
    session = open_session(subscriptions=2)
    for name in ("a", "b"):
        assert say(session, type="subscribe", subscription=name, all=True)
    assert say(session, type="subscribe", subscription="c", all=True) == []
    (refused,) = sent(session)
    assert (refused["request"], refused["because"]) == ("c", "too-much")
    assert say(session, type="subscribe", subscription="b", series=["m-1"])


def test_a_position_of_many_partitions_is_read() -> None:
    position = {"epoch": "e", "seq": {"forecast": [1, 2, 3], "alarm": [0]}}
    (wanted,) = say(open_session(), type="subscribe", subscription="a", all=True, resume=position)
    assert wanted.resume.seq["forecast"] == [1, 2, 3]


# Alarms


def test_an_action_on_an_alarm_is_passed_on() -> None:
    (act,) = say(open_session(), type="act", request="r", alarm="a-1", action="acknowledge")
    assert act == Act(request="r", alarm="a-1", action=Action.ACKNOWLEDGE)


def test_without_the_scope_acknowledge_an_action_is_refused() -> None:
    session = open_session(WELCOME.model_copy(update={"scopes": [Scope.READ]}))
    assert say(session, type="act", request="r", alarm="a-1", action="acknowledge") == []
    (refused,) = sent(session)
    assert (refused["request"], refused["because"]) == ("r", "forbidden")


def test_each_request_is_answered() -> None:
    session = open_session()
    session.done("r", "c-1")
    session.refuse("s", RefusedBecause.UNKNOWN_ALARM, "there is no such alarm")
    assert [message["request"] for message in sent(session)] == ["r", "s"]


# Broken messages


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        ("[]", "an object"),
        ('{"type":"dance"}', "dance"),
        ('{"type":"unsubscribe","subscription":7}', "subscription: Input should be a valid string"),
        ('{"type":"subscribe","subscription":"a","series":["m 1"]}', "an identifier is"),
        (b'{"type":"authenticate"}', "JSON goes in text frames"),
    ],
)
def test_a_bad_message_is_answered_and_the_session_stays_open(
    data: str | bytes, detail: str
) -> None:
    session = open_session()
    assert session.receive(data) == []
    (refused,) = sent(session)
    assert detail in refused["detail"]
    assert session.state is SessionState.OPEN


def test_too_many_bad_messages_close_the_session() -> None:
    session = open_session(bad_messages=3)
    for _ in range(3):
        session.receive("nonsense")
    assert session.state is SessionState.OPEN
    session.receive("nonsense")
    assert session.closing is not None
    assert session.closing.code is CloseCode.BAD_MESSAGE


@given(st.text() | st.binary())
def test_no_input_raises(data: str | bytes) -> None:
    for form in Format:
        for session in (new(form), open_session()):
            session.receive(data)


# The end


def test_the_first_reason_to_close_counts() -> None:
    session = open_session()
    session.close(CloseCode.TOO_SLOW, "first")
    session.close(CloseCode.RESTART, "second")
    assert session.closing is not None
    assert session.closing.text == "first"


def test_after_the_end_nothing_is_read_or_sent() -> None:
    session = open_session()
    session.close(CloseCode.RESTART, "bye")
    assert say(session, type="subscribe", subscription="a", all=True) == []
    session.done("r", "c")
    assert session.outgoing() == []


# The binary form


def test_the_binary_form_has_the_same_messages() -> None:
    session = new(Format.MSGPACK)
    hello = msgspec.msgpack.encode({"type": "authenticate", "key": "k"})
    assert session.receive(hello) == [Authenticate(key="k")]
    session.admit(WELCOME)
    (packet,) = session.outgoing()
    assert msgspec.msgpack.decode(packet.payload) == json.loads(WELCOME.to_bytes())


def test_the_binary_form_refuses_text() -> None:
    session = new(Format.MSGPACK)
    session.receive('{"type":"authenticate"}')
    assert session.closing is not None
    assert "MessagePack in binary" in session.closing.text
