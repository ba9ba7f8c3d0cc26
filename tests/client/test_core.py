"""The client's operations against a server machine in memory, in virtual time."""

from __future__ import annotations

import pytest
from rustydb import operations
from rustydb.conversation import Wait
from rustydb.core import ClientCore, begin
from rustydb.errors import (
    AuthenticationFailed,
    CircuitOpen,
    ConnectionLost,
    Error,
    InterfaceError,
    OperationalError,
    OutcomeUnknown,
    ProgrammingError,
    RequestTimeout,
    UniqueViolation,
)
from rustydb.options import connect_options

from rustydb_proto.binary import messages as m
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.time import Now
from tests.support.native_application import Application, MemoryDriver


def link(application: Application | None = None, **options: object) -> MemoryDriver:
    core = ClientCore(connect_options(keywords={"password": "p", **options}), Now(10**9, 0), Entropy(bytes(range(32))))
    return MemoryDriver(core, application or Application())


def test_a_statement_with_parameters() -> None:
    driver = link()
    result = driver.drive(driver.core.run("echo %s %s", [1, "two"]))
    assert result == [(1, "two")] and result[0]["p2"] == "two" and result.tag == "SELECT 1"
    assert driver.application.statements() == ["echo $1 $2"]
    (hello,) = driver.application.hellos
    assert (hello.user, hello.database, hello.mechanism) == ("admin", "rustydb", "SCRAM-SHA-256")


def test_a_result_streams_with_credit() -> None:
    driver = link()
    result = driver.drive(driver.core.run("rows 5000"))
    assert len(result) == 5000 and result[-1] == (4999, "row 4999") and result.rowcount == 5000


@pytest.mark.parametrize("encoding", ["messagepack", "bincode"])
def test_both_encodings(encoding: str) -> None:
    driver = link(Application(password="p"), encoding=encoding)
    assert driver.drive(driver.core.run("echo $1", [b"\0\xff"])).scalar() == b"\0\xff"


def test_a_wrong_password_is_final() -> None:
    driver = link(Application(password="other"))
    with pytest.raises(AuthenticationFailed, match='password authentication failed for user "admin"') as caught:
        driver.drive(driver.core.connect())
    assert caught.value.sqlstate == "28P01" and driver.slept == []


def test_a_token() -> None:
    driver = link(Application(), token="good", password=None)
    assert driver.drive(driver.core.run("echo")).rowcount == 1
    with pytest.raises(AuthenticationFailed, match="no such token"):
        bad = link(Application(), token="bad", password=None)
        bad.drive(bad.core.connect())


def test_an_error_carries_its_fields_and_the_connection_goes_on() -> None:
    driver = link()
    with pytest.raises(UniqueViolation) as caught:
        driver.drive(driver.core.run("fail 23505"))
    assert caught.value.hint == "It was a test." and caught.value.severity == "ERROR"
    assert driver.drive(driver.core.run("echo $1", [1])).scalar() == 1
    assert len(driver.application.hellos) == 1


def test_a_text_over_the_servers_limit_is_refused_here() -> None:
    driver = link()
    with pytest.raises(ProgrammingError, match="limit of 1048576 bytes") as caught:
        driver.drive(driver.core.run("x" * (1 << 20) + "y"))
    assert caught.value.sqlstate == "54000"
    assert driver.drive(driver.core.run("echo")).rowcount == 1


def test_a_request_whose_time_is_up_is_cancelled_and_the_connection_goes_on() -> None:
    driver = link(timeout=5)
    with pytest.raises(RequestTimeout):
        driver.drive(driver.core.run("hang"))
    with pytest.raises(RequestTimeout):
        driver.drive(driver.core.run("hang", timeout=1))
    assert driver.drive(driver.core.run("echo $1", ["still here"])).scalar() == "still here"
    assert len(driver.application.hellos) == 1
    conversation = driver.core.conversation
    assert conversation is not None and conversation.open_requests == 0


def test_connecting_is_tried_again_with_growing_pauses() -> None:
    driver = link(Application(refuse=3), retries=3)
    assert driver.drive(driver.core.run("echo")).rowcount == 1
    assert len(driver.slept) == 3 and max(driver.slept) <= 0.2
    failing = link(Application(refuse=100), retries=2)
    with pytest.raises(OperationalError, match=r"cannot connect to localhost:5432: Connection refused") as caught:
        failing.drive(failing.core.connect())
    assert caught.value.sqlstate == "08001" and len(failing.slept) == 2


def test_each_host_is_tried() -> None:
    driver = link(Application(refuse=1), host="one,two", port="1,2", retries=0, sslmode="disable")
    driver.drive(driver.core.connect())
    assert driver.core.address == ("two", 2)


def test_the_breaker_keeps_a_client_from_knocking_for_ever() -> None:
    driver = link(Application(refuse=100), retries=9)
    with pytest.raises(CircuitOpen, match="Connection refused") as caught:
        driver.drive(driver.core.connect())
    assert caught.value.retry_after > 0 and driver.application.refuse == 95
    driver.application.refuse = 0
    with pytest.raises(CircuitOpen):
        driver.drive(driver.core.run("echo"))
    driver.advance(31)
    assert driver.drive(driver.core.run("echo")).rowcount == 1


def test_a_read_is_run_again_on_a_new_connection() -> None:
    application = Application()
    driver = link(application)
    driver.drive(driver.core.connect())
    driver.cut()
    assert driver.drive(driver.core.run("SELECT 1")).rowcount == 1
    assert len(application.hellos) == 2 and driver.core.reconnects == 1


def test_a_read_whose_connection_breaks_is_tried_so_often_and_no_more() -> None:
    application = Application()
    driver = link(application, retries=2)
    with pytest.raises(ConnectionLost) as caught:
        driver.drive(driver.core.run("SELECT drop"))
    assert not isinstance(caught.value, OutcomeUnknown)
    assert application.statements() == ["SELECT drop"] * 3


def test_a_write_is_never_run_again() -> None:
    application = Application()
    driver = link(application)
    with pytest.raises(OutcomeUnknown, match="whether the statement was carried out is unknown"):
        driver.drive(driver.core.run("INSERT drop"))
    assert application.statements() == ["INSERT drop"]
    assert driver.drive(driver.core.run("echo")).rowcount == 1  # and the client is well


def test_the_caller_may_know_better() -> None:
    application = Application()
    driver = link(application, retries=1)
    with pytest.raises(ConnectionLost):
        driver.drive(driver.core.run("UPSERT drop", idempotent=True))
    assert len(application.statements()) == 2
    with pytest.raises(OutcomeUnknown):
        driver.drive(driver.core.run("SELECT drop", idempotent=False))


def test_nothing_is_run_again_in_a_transaction() -> None:
    application = Application()
    driver = link(application)
    txn = driver.drive(begin(driver.core))
    with pytest.raises(ConnectionLost, match="transaction is lost"):
        driver.drive(driver.core.run("SELECT drop"))
    with pytest.raises(ConnectionLost, match="transaction is lost"):
        driver.drive(driver.core.run("SELECT 1"))
    driver.drive(txn.rollback()) if not txn.over else None
    assert driver.drive(driver.core.run("SELECT 1")).rowcount == 1
    assert application.statements() == ["begin  None", "SELECT drop", "SELECT 1"]


def test_a_lost_commit_is_an_unknown_outcome() -> None:
    application = Application()
    driver = link(application)
    txn = driver.drive(begin(driver.core))
    application.drop_at = "commit"
    with pytest.raises(OutcomeUnknown, match="during COMMIT"):
        driver.drive(txn.commit())
    assert txn.over and not driver.core.transactions


def test_a_commit_that_is_not_answered_in_time_is_an_unknown_outcome() -> None:
    application = Application(mute_at="commit")
    driver = link(application, timeout=5)
    txn = driver.drive(begin(driver.core))
    with pytest.raises(OutcomeUnknown, match="not answered in time"):
        driver.drive(txn.commit())
    assert txn.over == "ended with an unknown outcome" and not driver.core.transactions
    assert driver.drive(driver.core.run("echo")).rowcount == 1 and len(application.hellos) == 1


def test_a_transaction_that_begins_too_late_is_rolled_back() -> None:
    application = Application(mute_at="begin")
    driver = link(application, timeout=5)
    with pytest.raises(RequestTimeout):
        driver.drive(begin(driver.core))
    assert driver.drive(driver.core.run("echo")).rowcount == 1
    driver.drive(driver.core.run("echo"))
    assert ("rollback", 1) in application.log and not driver.core.transactions


def test_transactions_savepoints_and_their_options() -> None:
    application = Application()
    driver = link(application)
    outer = driver.drive(begin(driver.core, "serializable", True))
    driver.drive(driver.core.run("INSERT a"))
    inner = driver.drive(begin(driver.core))
    driver.drive(driver.core.run("INSERT b"))
    driver.drive(inner.rollback())
    third = driver.drive(begin(driver.core))
    driver.drive(third.commit())
    driver.drive(outer.commit())
    assert application.log == [
        ("begin SERIALIZABLE True", 1), ("INSERT a", 1), ("SAVEPOINT rustydb_1", 1), ("INSERT b", 1),
        ("ROLLBACK TO SAVEPOINT rustydb_1", 1), ("RELEASE SAVEPOINT rustydb_1", 1), ("SAVEPOINT rustydb_1", 1),
        ("RELEASE SAVEPOINT rustydb_1", 1), ("commit", 1),
    ]  # fmt: skip
    with pytest.raises(InterfaceError, match="it was committed"):
        driver.drive(outer.commit())
    with pytest.raises(InterfaceError, match="none of READ UNCOMMITTED"):
        driver.drive(begin(driver.core, "sloppy"))


def test_ending_a_transaction_ends_what_is_nested_in_it() -> None:
    driver = link()
    outer = driver.drive(begin(driver.core))
    inner = driver.drive(begin(driver.core))
    with pytest.raises(InterfaceError, match="outermost"):
        driver.drive(begin(driver.core, "serializable"))
    driver.drive(outer.rollback())
    assert inner.over == "rolled back" and not driver.core.transactions


def test_two_transactions_beside_each_other() -> None:
    application = Application()
    driver = link(application)
    one = driver.drive(begin(driver.core, stacked=False))
    two = driver.drive(begin(driver.core, stacked=False))
    driver.drive(driver.core.run("INSERT a", transaction=one))
    driver.drive(driver.core.run("INSERT b", transaction=two))
    driver.drive(driver.core.run("INSERT c"))
    assert application.log[2:] == [("INSERT a", 1), ("INSERT b", 2), ("INSERT c", 0)]


def test_a_text_that_is_used_often_is_prepared() -> None:
    application = Application()
    driver = link(application, statement_cache_size=1)
    for number in range(5):
        assert driver.drive(driver.core.run("echo $1", [number])).scalar() == number
    assert application.statements().count("prepare echo $1") == 1
    assert driver.core.statement_hits == 2
    for number in range(5):
        driver.drive(driver.core.run("echo $1 again", [number]))  # takes the place of the other
    assert driver.drive(driver.core.run("echo $1", [7])).scalar() == 7
    driver.cut()
    assert driver.drive(driver.core.run("SELECT $1", [8])).scalar() == 8


def test_a_prepared_statement_that_the_server_has_forgotten_is_prepared_again() -> None:
    driver = link()
    for _ in range(4):
        driver.drive(driver.core.run("echo $1", [1]))
    assert driver.session is not None
    driver.session._statements.clear()
    assert driver.drive(driver.core.run("echo $1", [2])).scalar() == 2


def test_many_parameters_are_pipelined_in_one_transaction() -> None:
    application = Application()
    driver = link(application)
    results = driver.drive(operations.execute_many(driver.core, "INSERT %s", ([n] for n in range(1000))))
    assert len(results) == 1000 and all(result.rowcount == 1 for result in results)
    assert application.statements() == ["begin  None", "prepare INSERT $1", *["INSERT $1"] * 1000, "commit"]
    assert {number for _, number in application.log[2:]} == {1}
    waits = sum(isinstance(need, Wait) for need in driver.needs)
    assert waits < 30  # not a round trip each


def test_an_error_among_many_rolls_all_back_and_says_which() -> None:
    application = Application()
    driver = link(application)
    with pytest.raises(UniqueViolation) as caught:
        driver.drive(operations.execute_many(driver.core, "fail 23505 $1", [[1], [2]]))
    assert caught.value.fields["index"] == 0
    assert application.statements()[-1] == "rollback"


def test_a_batch() -> None:
    application = Application()
    driver = link(application)
    made = driver.drive(
        operations.batch(driver.core, ["INSERT a", ("INSERT %s", [1]), {"sql": "INSERT $1", "params": [2]}], True)
    )
    assert [result.tag for result in made if not isinstance(result, Error)] == ["INSERT"] * 3
    assert application.statements() == ["INSERT a", "INSERT $1", "INSERT $1"]
    with pytest.raises(UniqueViolation) as caught:
        driver.drive(operations.batch(driver.core, ["INSERT a", "fail 23505", "INSERT b"], True))
    assert caught.value.fields["index"] == 1
    mixed = driver.drive(operations.batch(driver.core, ["INSERT a", "fail 23505", "INSERT b"], False))
    assert [isinstance(one, UniqueViolation) for one in mixed] == [False, True, False]
    script = {"statements": [{"sql": "INSERT a"}], "transaction": True}
    assert len(driver.drive(operations.batch(driver.core, script, False))) == 1
    assert driver.drive(operations.batch(driver.core, [], True)) == []
    with pytest.raises(InterfaceError, match="statement 2 has 'text'"):
        driver.drive(operations.batch(driver.core, ["INSERT a", {"text": "x"}], True))


def test_bulk_insert_in_pieces() -> None:
    application = Application()
    driver = link(application)
    upload = operations.Upload(driver.core, "users", ["id", "name"])
    driver.drive(upload.send((n, f"user {n}") for n in range(25_000)))
    assert driver.drive(upload.finish()) == 25_000
    assert application.uploads["users"][-1] == (24_999, "user 24999")
    empty = operations.Upload(driver.core, "nobody", None)
    assert driver.drive(empty.finish()) == 0


def test_an_error_in_a_bulk_insert() -> None:
    driver = link()
    upload = operations.Upload(driver.core, "broken", None)
    with pytest.raises(UniqueViolation):
        driver.drive(upload.send((n,) for n in range(50_000)))
    assert driver.drive(driver.core.run("echo $1", [1])).scalar() == 1


def test_a_stream_is_taken_in_batches() -> None:
    driver = link(fetch_rows=10)
    stream = operations.Stream(driver.core, "rows 1000", None)
    driver.drive(stream.open())
    assert [column.name for column in stream.columns] == ["number", "text"] and stream.rowcount == -1
    driver.drive(stream.fill(15))
    assert 15 <= len(stream.rows) <= 40  # what was asked for and what was on its way, not all
    assert stream.take(15)[-1] == (14, "row 14")
    assert driver.drive(driver.core.run("echo $1", ["between"])).scalar() == "between"
    driver.drive(stream.fill(10_000))
    assert len(stream.take(10_000)) == 985 and stream.rowcount == 1000 and stream.finished


def test_a_stream_that_is_closed_is_cancelled() -> None:
    driver = link(fetch_rows=10)
    stream = operations.Stream(driver.core, "rows 1000", None)
    driver.drive(stream.fill(1))
    stream.close()
    assert driver.drive(driver.core.run("echo")).rowcount == 1
    assert driver.session is not None and driver.session.machine.open_requests == ()


def test_notifications_and_changes() -> None:
    application = Application()
    driver = link(application)
    driver.drive(operations.listen(driver.core, "news"))
    feed = operations.Feed(driver.core, "users", ["insert", "UPDATE"])
    driver.drive(feed.open())
    application.tell(m.Changed(7, 2, 11, (1, "old"), (1, "new")))
    application.tell(m.Notified("news", "hello", 3))
    found = driver.drive(operations.next_notification(driver.core, 1.0))
    assert found == operations.Notification("news", "hello", 3)
    change = driver.drive(feed.next(1.0))
    assert change is not None and (change.operation, change.position) == ("UPDATE", 11)
    assert change.old is not None and change.new is not None and change.new["text"] == "new"
    assert driver.drive(operations.next_notification(driver.core, 1.0)) is None
    assert driver.drive(feed.next(1.0)) is None
    with pytest.raises(InterfaceError, match="'drop' is none of INSERT"):
        operations.Feed(driver.core, "users", ["drop"])


def test_whoever_only_listens_says_that_he_is_there() -> None:
    application = Application()
    driver = link(application)
    driver.drive(operations.listen(driver.core, "news"))
    assert driver.drive(operations.next_notification(driver.core, 3000.0)) is None
    assert len(application.hellos) == 1  # the server closes connections that are silent for ten minutes


def test_a_server_that_is_gone_is_noticed_by_who_listens() -> None:
    application = Application()
    driver = link(application)
    driver.drive(operations.listen(driver.core, "news"))
    driver.deaf = True
    assert driver.drive(operations.next_notification(driver.core, 200.0)) is None
    assert len(application.hellos) == 2 and application.sessions[1].channels == {"news"}


def test_after_a_reconnect_listening_and_subscriptions_go_on() -> None:
    application = Application()
    driver = link(application)
    driver.drive(operations.listen(driver.core, "news"))
    feed = operations.Feed(driver.core, "users")
    driver.drive(feed.open())
    application.tell(m.Changed(7, 1, 11, None, (1, "new")))
    assert driver.drive(feed.next(1.0)) is not None
    driver.cut()
    assert driver.drive(feed.next(1.0)) is None
    assert application.statements() == ["subscribe users from 0", "subscribe users from 11"]
    assert application.sessions[1].channels == {"news"}


def test_notices_of_a_statement_are_in_its_result() -> None:
    driver = link()
    assert driver.drive(driver.core.run("notice"))[:] == []
    assert driver.drive(driver.core.run("notice")).notices[0]["message"] == "mind the gap"


def test_closing() -> None:
    driver = link()
    driver.drive(driver.core.connect())
    txn = driver.drive(begin(driver.core))
    driver.drive(driver.core.close())
    driver.drive(driver.core.close())
    assert txn.over
    with pytest.raises(InterfaceError, match="closed"):
        driver.drive(driver.core.run("echo"))


def test_values_that_cannot_be_sent_are_named() -> None:
    driver = link()
    with pytest.raises(InterfaceError, match=r"parameter \$2: a value of type object has no SQL form"):
        driver.drive(driver.core.run("echo $1 $2", [1, object()]))
