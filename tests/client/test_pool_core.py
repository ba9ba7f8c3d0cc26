"""The decisions of the pool, in virtual time: the test is the shell, and time is a number that it sets."""

from __future__ import annotations

import random

import pytest
from rustydb.errors import AuthenticationFailed, ConnectionLost, PoolClosed, PoolExhausted, PoolTimeout
from rustydb.options import OptionError
from rustydb.pool_core import Action, Close, Create, Hand, Leaked, PoolCore, Refuse, Validate
from rustydb.pool_options import PoolOptions, pool_options


class Shell:
    """A shell without connections: it records what the core decides and answers when the test says so."""

    def __init__(self, **given: object) -> None:
        self.core = PoolCore(pool_options(**{"initial_size": 0, "min_size": 0, "validate_on_acquire": False, **given}))
        self.now = 0.0
        self.take(self.core.start(0.0))

    def take(self, actions: list[Action]) -> None:
        self.last = actions

    def acquire(self, ticket: int, timeout: float | None = None, priority: int = 0) -> list[Action]:
        return self.core.acquire(self.now, ticket, timeout, priority)

    def made(self, ticket: int) -> int:
        """Acquire when a new connection is needed, make it, and return its slot."""
        (create,) = self.acquire(ticket)
        assert isinstance(create, Create)
        assert self.core.created(self.now, create.slot) == [Hand(ticket, create.slot)]
        return create.slot


def test_a_connection_is_made_handed_out_and_used_again() -> None:
    shell = Shell(max_size=1)
    slot = shell.made(1)
    assert shell.core.release(1.0, slot) == []
    assert shell.acquire(2) == [Hand(2, slot)]
    statistics = shell.core.statistics()
    assert (statistics.total_connections, statistics.active_connections, statistics.idle_connections) == (1, 1, 0)
    assert (statistics.total_acquisitions, statistics.successful_acquisitions) == (2, 2)


def test_the_first_in_the_queue_is_served_first() -> None:
    shell = Shell(max_size=1)
    slot = shell.made(1)
    assert shell.acquire(2) == [] and shell.acquire(3) == []
    shell.now = 2.0
    assert shell.core.release(2.0, slot) == [Hand(2, slot)]
    assert shell.core.release(2.5, slot) == [Hand(3, slot)]
    statistics = shell.core.statistics()
    assert statistics.max_waiters == 2 and statistics.current_waiters == 0
    assert statistics.max_acquire_time_ms == 2500 and statistics.avg_acquire_time_ms == pytest.approx(1500)


def test_whoever_is_first_gets_what_was_made_for_another() -> None:
    shell = Shell(max_size=2)
    (create,) = shell.acquire(1)
    (second,) = shell.acquire(2)
    assert isinstance(create, Create) and isinstance(second, Create)
    assert shell.core.created(1.0, second.slot) == [Hand(1, second.slot)]


def test_by_priority_with_the_overdue_before_all() -> None:
    shell = Shell(max_size=1, fair_queue=False, acquire_timeout=10.0)
    slot = shell.made(1)
    shell.acquire(2, priority=0)
    shell.now = 4.0
    shell.acquire(3, priority=1)
    shell.acquire(4, priority=9)
    assert shell.core.release(4.0, slot) == [Hand(4, slot)]
    assert shell.core.release(5.0, slot) == [Hand(2, slot)]  # it has waited half of the timeout
    assert shell.core.release(5.0, slot) == [Hand(3, slot)]


def test_who_waits_too_long_is_told_why() -> None:
    shell = Shell(max_size=1, acquire_timeout=5.0)
    shell.made(1)
    shell.now = 1.0
    shell.acquire(2)
    shell.acquire(3, timeout=1.0)
    assert shell.core.deadline() == 2.0
    (refuse,) = shell.core.tick(2.0)
    assert isinstance(refuse, Refuse) and refuse.ticket == 3 and isinstance(refuse.error, PoolTimeout)
    assert "within 1 s: 1 are in use" in str(refuse.error) and "max_size is 1" in str(refuse.error)
    assert shell.core.tick(5.9) == []
    assert [action.ticket for action in shell.core.tick(6.0) if isinstance(action, Refuse)] == [2]
    assert shell.core.statistics().timeout_acquisitions == 2


def test_a_full_queue_refuses_at_once() -> None:
    shell = Shell(max_size=1, max_wait_queue_size=1)
    shell.made(1)
    shell.acquire(2)
    (refuse,) = shell.acquire(3)
    assert isinstance(refuse, Refuse) and isinstance(refuse.error, PoolExhausted)


def test_a_broken_connection_is_replaced_for_who_waits() -> None:
    shell = Shell(max_size=1)
    slot = shell.made(1)
    shell.acquire(2)
    assert shell.core.release(0.0, slot, broken=True) == [Close(slot), Create(slot + 1)]
    assert shell.core.created(0.0, slot + 1) == [Hand(2, slot + 1)]


def test_released_twice_is_released_once() -> None:
    shell = Shell(max_size=1)
    slot = shell.made(1)
    assert shell.core.release(0.0, slot) == [] and shell.core.release(0.0, slot) == []
    assert shell.core.statistics().idle_connections == 1


def test_validation_before_handing_out() -> None:
    shell = Shell(max_size=2, validate_on_acquire=True)
    one, two = shell.made(1), shell.made(2)
    shell.core.release(0.0, one)
    shell.core.release(0.0, two)
    assert shell.acquire(3) == [Validate(two, 3)]
    assert shell.core.validated(1.0, two, ok=False) == [Close(two), Validate(one, 3)]
    assert shell.core.validated(2.0, one, ok=True) == [Hand(3, one)]
    assert shell.core.statistics().validation_failures == 1
    assert shell.core.statistics().max_acquire_time_ms == 2000  # from the acquire, not from the second try


def test_when_no_connection_is_good_a_new_one_is_made() -> None:
    shell = Shell(max_size=1, validate_on_acquire=True)
    one = shell.made(1)
    shell.core.release(0.0, one)
    shell.acquire(2)
    assert shell.core.validated(1.0, one, ok=False) == [Close(one), Create(one + 1)]
    assert shell.core.created(1.0, one + 1) == [Hand(2, one + 1)]


def test_validation_after_use() -> None:
    shell = Shell(max_size=1, validate_on_release=True)
    slot = shell.made(1)
    assert shell.core.release(0.0, slot) == [Validate(slot, None)]
    assert shell.core.statistics().idle_connections == 0
    assert shell.core.validated(0.0, slot, ok=True) == []
    assert shell.core.statistics().idle_connections == 1


def test_giving_up_passes_the_connection_on() -> None:
    shell = Shell(max_size=1, validate_on_acquire=True)
    slot = shell.made(1)
    shell.acquire(2)
    shell.acquire(3)
    assert shell.core.give_up(0.0, 2) == []
    assert shell.core.release(0.0, slot) == [Hand(3, slot)]
    shell.acquire(4)
    assert shell.core.give_up(0.0, 3) == [Hand(4, slot)]  # it was handed over, and never arrived
    shell.core.release(0.0, slot)
    assert shell.acquire(5) == [Validate(slot, 5)]
    assert shell.core.give_up(0.0, 5) == []
    assert shell.core.validated(0.0, slot, ok=True) == []
    assert shell.core.statistics().idle_connections == 1


def test_connecting_that_fails_is_tried_again_after_a_pause() -> None:
    shell = Shell(max_size=1, acquire_timeout=30.0)
    (create,) = shell.acquire(1)
    assert isinstance(create, Create)
    assert shell.core.create_failed(0.0, create.slot, ConnectionLost("refused"), 0.5) == []
    again = shell.core.deadline()
    assert 0 < again < 1
    (second,) = shell.core.tick(again)
    assert isinstance(second, Create)
    shell.core.create_failed(again, second.slot, ConnectionLost("refused"), 0.5)
    for action in shell.core.tick(30.0):
        if isinstance(action, Refuse):
            assert "connecting failed with: refused" in str(action.error)
            return
    pytest.fail("the waiter was not refused")


def test_a_wrong_password_is_told_at_once() -> None:
    shell = Shell(max_size=1)
    (create,) = shell.acquire(1)
    assert isinstance(create, Create)
    (refuse,) = shell.core.create_failed(0.0, create.slot, AuthenticationFailed("wrong password"))
    assert isinstance(refuse, Refuse) and isinstance(refuse.error, AuthenticationFailed)


def test_creation_is_throttled_after_a_burst() -> None:
    shell = Shell(max_size=100, creation_throttle=2.0)
    made = [action for ticket in range(5) for action in shell.acquire(ticket)]
    assert len(made) == 2
    assert shell.core.deadline() == 0.5
    assert len(shell.core.tick(0.5)) == 1 and len(shell.core.tick(1.5)) == 2


def test_the_pool_opens_with_initial_size_and_keeps_min_size() -> None:
    shell = Shell(initial_size=3, min_size=2, max_size=5, idle_timeout=60.0, maintenance_interval=10.0)
    assert shell.last == [Create(1), Create(2), Create(3)]
    for number in (1, 2, 3):
        assert shell.core.created(0.0, number) == []
    assert shell.core.tick(59.0) == []
    assert shell.core.tick(70.0) == [Close(1)]  # idle for too long, and two are kept
    assert shell.core.tick(80.0) == []
    (handed,) = shell.core.acquire(81.0, 1)
    assert handed == Hand(1, 3)
    assert shell.core.release(82.0, 3, broken=True) == [Close(3), Create(4)]


def test_old_connections_are_replaced_not_all_at_once() -> None:
    shell = Shell(initial_size=2, min_size=2, max_size=2, max_lifetime=100.0, maintenance_interval=1.0)
    shell.core.created(0.0, 1)
    shell.core.created(0.0, 2)
    # The lifetimes of connections 1 and 2 are 3.7 and 7.4 hundredths shorter.
    assert shell.core.tick(92.0) == []
    assert shell.core.tick(93.0) == [Close(2), Create(3)]
    assert shell.core.tick(97.0) == [Close(1), Create(4)]
    assert shell.core.statistics().avg_connection_lifetime_ms == 95_000


def test_an_old_connection_is_not_handed_out() -> None:
    shell = Shell(max_size=1, max_lifetime=10.0)
    slot = shell.made(1)
    shell.core.release(1.0, slot)
    shell.now = 10.0
    assert shell.acquire(2) == [Close(slot), Create(slot + 1)]
    other = Shell(max_size=1, max_lifetime=10.0)
    slot = other.made(1)
    assert other.core.release(10.0, slot) == [Close(slot)]


def test_a_leak_is_reported_once() -> None:
    shell = Shell(max_size=1, leak_detection_threshold=5.0, maintenance_interval=1.0)
    slot = shell.made(1)
    assert shell.core.tick(4.0) == []
    assert shell.core.tick(6.0) == [Leaked(slot, 6.0)]
    assert shell.core.tick(8.0) == []
    assert shell.core.statistics().leaked_connections == 1


def test_closing_refuses_waiters_and_closes_what_comes_back() -> None:
    shell = Shell(max_size=2)
    one, two = shell.made(1), shell.made(2)
    shell.core.release(0.0, one)
    shell.core.acquire(0.0, 3)
    shell.core.acquire(0.0, 4)
    (refuse,) = shell.core.close(1.0)
    assert isinstance(refuse, Refuse) and refuse.ticket == 4 and isinstance(refuse.error, PoolClosed)
    assert not shell.core.finished
    assert shell.core.release(1.0, one) == [Close(one)] and shell.core.release(1.0, two) == [Close(two)]
    assert shell.core.finished
    (late,) = shell.core.acquire(2.0, 5)
    assert isinstance(late, Refuse) and isinstance(late.error, PoolClosed)


def test_a_connection_that_was_being_made_when_the_pool_closed_is_closed() -> None:
    shell = Shell(max_size=1)
    (create,) = shell.acquire(1)
    assert isinstance(create, Create)
    shell.core.close(0.0)
    assert shell.core.created(1.0, create.slot) == [Close(create.slot)] and shell.core.finished


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"max_size": 0}, "max_size: 0 is not a whole number from 1"),
        ({"min_size": 5, "max_size": 2}, "min_size: 5 is more than max_size, which is 2"),
        ({"initial_size": 5, "max_size": 2}, "initial_size: 5 is more"),
        ({"acquire_timeout": "x"}, "acquire_timeout: 'x' is not a number"),
        ({"acquire_timeout": None}, "acquire_timeout: None"),
        ({"fair_queue": 1}, "fair_queue: 1 is neither"),
        ({"colour": 1}, 'unknown pool option "colour"'),
        ({"idle_timeout": 0}, "idle_timeout: 0 is not a number from 0.001 to 1e+09, or None"),
    ],
)
def test_options_are_checked(given: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        pool_options(**given)
    assert message in str(caught.value)


def test_the_numbers_can_be_exported() -> None:
    shell = Shell(max_size=1)
    shell.made(1)
    statistics = shell.core.statistics()
    assert statistics.as_dict()["active_connections"] == 1 and '"active_connections": 1' in statistics.json()
    text = statistics.prometheus()
    assert "# TYPE rustydb_pool_active_connections gauge\nrustydb_pool_active_connections 1\n" in text
    assert "# TYPE rustydb_pool_total_acquisitions counter\nrustydb_pool_total_acquisitions 1\n" in text


def test_defaults_are_those_of_the_specification_and_shrink_to_max_size() -> None:
    assert pool_options() == PoolOptions()
    assert (PoolOptions().min_size, PoolOptions().max_size, PoolOptions().initial_size) == (5, 100, 10)
    small = pool_options(max_size=3)
    assert (small.min_size, small.initial_size) == (3, 3)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_no_connection_is_in_two_hands_and_no_ticket_is_forgotten(seed: int) -> None:
    chance = random.Random(seed)
    shell = Shell(
        max_size=chance.randint(1, 4), min_size=chance.randint(0, 1), validate_on_acquire=chance.random() < 0.5,
        validate_on_release=chance.random() < 0.5, fair_queue=chance.random() < 0.5, acquire_timeout=5.0, max_lifetime=20.0,
        idle_timeout=3.0, maintenance_interval=1.0, max_wait_queue_size=5, creation_throttle=3.0,
    )  # fmt: skip
    core = shell.core
    held: dict[int, int] = {}
    waiting: set[int] = set()
    creating: list[int] = []
    validating: list[int] = []
    alive: set[int] = set()
    ticket = 0

    def carry_out(actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Create):
                creating.append(action.slot)
            elif isinstance(action, Validate):
                assert action.slot in alive and action.slot not in held
                validating.append(action.slot)
            elif isinstance(action, Hand):
                assert action.slot in alive and action.slot not in held and action.slot not in validating
                waiting.remove(action.ticket)
                held[action.slot] = action.ticket
            elif isinstance(action, Refuse):
                waiting.remove(action.ticket)
            elif isinstance(action, Close):
                assert action.slot not in held
                alive.remove(action.slot)
        assert len(alive) + len(creating) <= core.options.max_size

    for _ in range(300):
        shell.now += chance.choice((0.0, 0.01, 0.3, 1.0))
        what = chance.random()
        if what < 0.35:
            ticket += 1
            waiting.add(ticket)
            carry_out(core.acquire(shell.now, ticket, priority=chance.randint(0, 2)))
        elif what < 0.6 and held:
            slot = chance.choice(sorted(held))
            del held[slot]
            carry_out(core.release(shell.now, slot, broken=chance.random() < 0.2))
        elif what < 0.7 and creating:
            slot = creating.pop(0)
            if chance.random() < 0.3:
                carry_out(core.create_failed(shell.now, slot, ConnectionLost("refused"), chance.random()))
            else:
                alive.add(slot)
                carry_out(core.created(shell.now, slot))
        elif what < 0.85 and validating:
            carry_out(core.validated(shell.now, validating.pop(0), ok=chance.random() < 0.8))
        elif what < 0.9 and waiting:
            gone = chance.choice(sorted(waiting))
            waiting.remove(gone)
            carry_out(core.give_up(shell.now, gone))
        elif core.deadline() <= shell.now:
            carry_out(core.tick(shell.now))
    carry_out(core.close(shell.now))
    while creating:
        slot = creating.pop()
        alive.add(slot)
        carry_out(core.created(shell.now, slot))
    while validating:
        carry_out(core.validated(shell.now, validating.pop(), ok=chance.random() < 0.5))
    for slot in sorted(held):
        del held[slot]
        carry_out(core.release(shell.now, slot))
    assert core.finished and not waiting and not alive
