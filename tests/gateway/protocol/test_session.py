"""The conversation with a client, without a socket."""

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


def let_in(welcome: Welcome = WELCOME, **limits: int) -> Session:
    session = new(**limits)
    say(session, type="authenticate", key="k")
    session.admit(welcome)
    session.outgoing()
    return session


def say(session: Session, **message: Any) -> list[Any]:
    return session.receive(json.dumps(message))


def heard(session: Session) -> list[dict[str, Any]]:
    return [json.loads(packet.payload) for packet in session.outgoing()]


# Authentication


def test_the_first_message_says_who_the_client_is():
    session = new()
    assert say(session, type="authenticate", key="k") == [Authenticate(key="k")]
    assert session.state is SessionState.JUDGING
    assert heard(session) == []


def test_whoever_is_let_in_is_welcomed():
    session = new()
    say(session, type="authenticate", token="t")
    session.admit(WELCOME)
    assert session.state is SessionState.OPEN
    (welcome,) = heard(session)
    assert (welcome["type"], welcome["who"]) == ("welcome", "anna")
    assert welcome["scopes"] == ["read", "acknowledge"]


def test_whoever_asks_before_they_said_who_they_are_is_sent_away():
    session = new()
    assert say(session, type="subscribe", subscription="a", all=True) == []
    assert session.state is SessionState.CLOSED
    assert session.closing is not None
    assert session.closing.code is CloseCode.UNAUTHENTICATED


def test_whoever_begins_with_nonsense_is_sent_away():
    session = new()
    session.receive("{")
    assert session.closing is not None
    assert session.closing.code is CloseCode.BAD_MESSAGE


def test_whoever_may_not_read_is_sent_away():
    session = new()
    say(session, type="authenticate")
    session.admit(WELCOME.model_copy(update={"scopes": [Scope.ADMIN]}))
    assert session.closing is not None
    assert session.closing.code is CloseCode.FORBIDDEN
    assert session.outgoing() == []


def test_nothing_is_read_while_credentials_are_being_judged():
    session = new()
    say(session, type="authenticate")
    with pytest.raises(RuntimeError, match="first `admit` or `close`"):
        say(session, type="authenticate")


def test_nobody_is_let_in_twice():
    session = let_in()
    with pytest.raises(RuntimeError):
        session.admit(WELCOME)


def test_credentials_are_given_once():
    session = let_in()
    assert say(session, type="authenticate", key="another") == []
    (refused,) = heard(session)
    assert refused["detail"] == "you are authenticated already"


def test_a_secret_is_not_in_what_is_said_about_a_broken_message():
    session = new()
    say(session, type="authenticate", key="s3cret" * 100)
    assert session.closing is not None
    assert "s3cret" not in session.closing.text


# Subscriptions


def test_a_subscription_is_let_through():
    session = let_in()
    (wanted,) = say(session, type="subscribe", subscription="a", below=["f-1"], what=["alarm"])
    assert isinstance(wanted, Subscribe)
    assert wanted.below == ["f-1"]
    assert session.subscriptions == {"a": wanted}


def test_a_subscription_of_nothing_is_refused_by_its_name():
    session = let_in()
    assert say(session, type="subscribe", subscription="a") == []
    (refused,) = heard(session)
    assert refused["because"] == "bad-message"
    assert refused["request"] == "a"
    assert "of which series?" in refused["detail"]


def test_a_subscription_of_the_same_name_replaces_the_first():
    session = let_in()
    (first,) = say(session, type="subscribe", subscription="a", all=True)
    ended, second = say(session, type="subscribe", subscription="a", series=["m-1"])
    assert ended == Unsubscribed(first)
    assert session.subscriptions == {"a": second}


def test_a_subscription_ends_when_it_is_said_so():
    session = let_in()
    (wanted,) = say(session, type="subscribe", subscription="a", all=True)
    assert say(session, type="unsubscribe", subscription="a") == [Unsubscribed(wanted)]
    assert say(session, type="unsubscribe", subscription="a") == []
    assert heard(session)[0]["detail"] == "there is no such subscription"


def test_a_connection_has_so_many_subscriptions_and_no_more():
    session = let_in(subscriptions=2)
    for name in ("a", "b"):
        assert say(session, type="subscribe", subscription=name, all=True)
    assert say(session, type="subscribe", subscription="c", all=True) == []
    (refused,) = heard(session)
    assert (refused["request"], refused["because"]) == ("c", "too-much")
    assert say(session, type="subscribe", subscription="b", series=["m-1"])


def test_a_place_of_many_partitions_is_read_back():
    place = {"epoch": "e", "seq": {"forecast": [1, 2, 3], "alarm": [0]}}
    (wanted,) = say(let_in(), type="subscribe", subscription="a", all=True, resume=place)
    assert wanted.resume.seq["forecast"] == [1, 2, 3]


# Alarms


def test_an_operator_acts():
    (act,) = say(let_in(), type="act", request="r", alarm="a-1", action="acknowledge")
    assert act == Act(request="r", alarm="a-1", action=Action.ACKNOWLEDGE)


def test_whoever_may_only_read_does_not_act():
    session = let_in(WELCOME.model_copy(update={"scopes": [Scope.READ]}))
    assert say(session, type="act", request="r", alarm="a-1", action="acknowledge") == []
    (refused,) = heard(session)
    assert (refused["request"], refused["because"]) == ("r", "forbidden")


def test_what_was_done_is_answered():
    session = let_in()
    session.done("r", "c-1")
    session.refuse("s", RefusedBecause.UNKNOWN_ALARM, "there is no such alarm")
    assert [message["request"] for message in heard(session)] == ["r", "s"]


# Broken messages


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("[]", "an object"),
        ('{"type":"dance"}', "dance"),
        ('{"type":"unsubscribe","subscription":7}', "subscription: Input should be a valid string"),
        ('{"type":"subscribe","subscription":"a","series":["m 1"]}', "an identifier is"),
        (b'{"type":"authenticate"}', "JSON goes in text frames"),
    ],
)
def test_a_slip_is_answered_and_the_connection_goes_on(data: str | bytes, told: str):
    session = let_in()
    assert session.receive(data) == []
    (refused,) = heard(session)
    assert told in refused["detail"]
    assert session.state is SessionState.OPEN


def test_whoever_sends_nothing_but_nonsense_is_sent_away():
    session = let_in(bad_messages=3)
    for _ in range(3):
        session.receive("nonsense")
    assert session.state is SessionState.OPEN
    session.receive("nonsense")
    assert session.closing is not None
    assert session.closing.code is CloseCode.BAD_MESSAGE


@given(st.text() | st.binary())
def test_whatever_comes_nothing_is_raised(data: str | bytes):
    for form in Format:
        for session in (new(form), let_in()):
            session.receive(data)


# The end


def test_the_first_reason_to_close_is_the_one_that_is_told():
    session = let_in()
    session.close(CloseCode.TOO_SLOW, "first")
    session.close(CloseCode.RESTART, "second")
    assert session.closing is not None
    assert session.closing.text == "first"


def test_after_the_end_nothing_is_read_or_said():
    session = let_in()
    session.close(CloseCode.RESTART, "bye")
    assert say(session, type="subscribe", subscription="a", all=True) == []
    session.done("r", "c")
    assert session.outgoing() == []


# The binary form


def test_the_binary_form_says_the_same():
    session = new(Format.MSGPACK)
    hello = msgspec.msgpack.encode({"type": "authenticate", "key": "k"})
    assert session.receive(hello) == [Authenticate(key="k")]
    session.admit(WELCOME)
    (packet,) = session.outgoing()
    assert msgspec.msgpack.decode(packet.payload) == json.loads(WELCOME.to_bytes())


def test_the_binary_form_takes_no_text():
    session = new(Format.MSGPACK)
    session.receive('{"type":"authenticate"}')
    assert session.closing is not None
    assert "MessagePack in binary" in session.closing.text
