"""The decisions of a pool: who gets which connection, when one is made, checked, closed. No thread, socket or clock is here.

A connection is a *slot*, a number. The shell (pool.py with threads, async_pool.py with tasks) reports what happened and carries out the
actions that it gets back, in order:

    acquire(ticket) ------------> Validate(slot, ticket) -> validated(ok) -> Hand(ticket, slot)
      no idle slot: wait          Create(slot) -----------> created()      -> Hand to the first waiter, or idle
    release(slot) --------------> Validate(slot, None), Hand to the first waiter, or idle; Close(slot) when broken or old
    tick() at deadline() -------> Refuse(ticket, PoolTimeout), Close (idle, old), Create (min_size), Leaked(slot)

    slot:  creating -> idle <-> validating -> active -> (validating) -> idle        any -> closed

Idle slots are taken from the end where they were put back, so that the pool can shrink at the other.
A slot that is being made belongs to nobody: whoever is first in the queue when it is ready gets it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from rustydb.errors import ConnectionLost, Error, PoolClosed, PoolExhausted, PoolTimeout
from rustydb.pool_options import PoolOptions, PoolStatistics
from rustydb.retry import Backoff, is_final

# ---- actions


@dataclass(frozen=True, slots=True)
class Create:
    """Connect, then call `created` or `create_failed`."""

    slot: int


@dataclass(frozen=True, slots=True)
class Validate:
    """Ping, then call `validated`. `ticket` is who waits for it, None when it has just come back."""

    slot: int
    ticket: int | None


@dataclass(frozen=True, slots=True)
class Hand:
    """Give the connection to who waits."""

    ticket: int
    slot: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """Tell who waits that there is none."""

    ticket: int
    error: Error


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection; nothing is to be reported."""

    slot: int


@dataclass(frozen=True, slots=True)
class Leaked:
    """The connection has been out for so long that it was probably forgotten: say so."""

    slot: int
    seconds: float


Action = Create | Validate | Hand | Refuse | Close | Leaked

# ---- state


class SlotState(enum.Enum):
    """What a connection of the pool is doing."""

    CREATING = "creating"
    IDLE = "idle"
    VALIDATING = "validating"
    ACTIVE = "active"


@dataclass(slots=True)
class Waiter:
    """One who waits for a connection."""

    ticket: int
    since: float
    until: float
    priority: int


@dataclass(slots=True)
class Slot:
    """One connection. `since` is when its state began; of one that is about to be handed out, when its waiter began to wait.

    `ticket` is who waits for its validation or holds it, `waiter` what the former goes back to the queue with.
    """

    number: int
    state: SlotState
    since: float
    created: float = 0.0
    ticket: int | None = None
    waiter: Waiter | None = None
    reported: bool = False


@dataclass(slots=True)
class Counts:
    """Running totals behind PoolStatistics."""

    acquisitions: int = 0
    successes: int = 0
    failures: int = 0
    timeouts: int = 0
    acquire_seconds: float = 0.0
    acquire_seconds_max: float = 0.0
    lifetime_seconds: float = 0.0
    closed: int = 0
    created: int = 0
    errors: int = 0
    invalid: int = 0
    leaked: int = 0
    waiters_max: int = 0


NEVER: Final = float("inf")


class PoolCore:
    """One pool's state. Times are seconds of a monotonic clock."""

    def __init__(self, options: PoolOptions, backoff: Backoff | None = None) -> None:
        self.options = options
        self._backoff = backoff or Backoff()
        self._slots: dict[int, Slot] = {}
        self._idle: list[Slot] = []
        self._waiters: list[Waiter] = []
        self._next = 0
        self._closed = False
        self._tokens = options.creation_throttle or 0.0
        self._tokens_at = 0.0
        self._retry_at = 0.0
        self._failures = 0
        self._last_error: Error | None = None
        self._maintained = 0.0
        self._counts = Counts()

    # ---- what happened

    def start(self, now: float) -> list[Action]:
        """Open: make the first connections."""
        self._tokens_at = self._maintained = now
        # The first ones are not throttled: nothing else happens yet.
        return [self._create(now) for _ in range(self.options.initial_size)]

    def acquire(self, now: float, ticket: int, timeout: float | None = None, priority: int = 0) -> list[Action]:
        """Ask for a connection; the answer is a Hand or a Refuse with this ticket, now or later."""
        self._counts.acquisitions += 1
        if self._closed:
            return [self._refuse(ticket, PoolClosed("the pool is closed"))]
        actions: list[Action] = []
        waiter = Waiter(ticket, now, now + (self.options.acquire_timeout if timeout is None else timeout), priority)
        if not self._waiters and self._serve(now, waiter, actions):
            return actions
        if len(self._waiters) >= self.options.max_wait_queue_size:
            size = self.options.max_wait_queue_size
            message = f"{size} already wait for a connection of the pool (max_wait_queue_size)"
            return [*actions, self._refuse(ticket, PoolExhausted(message))]
        self._waiters.append(waiter)
        self._counts.waiters_max = max(self._counts.waiters_max, len(self._waiters))
        return actions + self._grow(now)

    def give_up(self, now: float, ticket: int) -> list[Action]:
        """Whoever waits with this ticket has stopped waiting (was cancelled); what it was to get goes to the next."""
        self._waiters = [waiter for waiter in self._waiters if waiter.ticket != ticket]
        self._counts.failures += 1
        for slot in self._slots.values():
            if slot.ticket == ticket:
                slot.ticket = None
                # Its validation goes on and reports; only a connection that was handed over needs a home.
                return self._settle(now, slot) if slot.state is SlotState.ACTIVE else []
        return []

    def created(self, now: float, number: int) -> list[Action]:
        """A Create succeeded."""
        slot = self._slots[number]
        assert slot.state is SlotState.CREATING, "only a slot that is being made can be ready"
        slot.created = now
        self._counts.created += 1
        self._failures = 0
        self._retry_at = 0.0
        self._last_error = None
        return self._settle(now, slot)

    def create_failed(self, now: float, number: int, error: Error, fraction: float = 0.5) -> list[Action]:
        """A Create failed; `fraction` is a random number in [0, 1) for the pause before the next."""
        assert self._slots[number].state is SlotState.CREATING, "only a slot that is being made can fail"
        del self._slots[number]
        self._counts.errors += 1
        self._last_error = error
        self._retry_at = now + self._backoff.pause(self._failures, fraction)
        self._failures += 1
        if self._closed:
            return []
        if is_final(error):  # waiting would not help
            waiters, self._waiters = self._waiters, []
            return [self._refuse(waiter.ticket, error) for waiter in waiters]
        return self._grow(now)

    def validated(self, now: float, number: int, ok: bool) -> list[Action]:
        """A Validate ended."""
        slot = self._slots[number]
        assert slot.state is SlotState.VALIDATING, "only a slot under validation has a result"
        if ok and slot.ticket is not None and not self._closed:
            return [self._hand(now, slot, slot.ticket)]
        waiter = slot.waiter if slot.ticket is not None else None
        slot.ticket = slot.waiter = None
        actions: list[Action] = []
        if ok:
            actions += self._settle(now, slot)
        else:
            self._counts.invalid += 1
            actions.append(self._close(now, slot))
        if waiter is not None:
            if self._closed:
                actions.append(self._refuse(waiter.ticket, PoolClosed("the pool is closed")))
            elif not self._serve(now, waiter, actions):
                self._waiters.insert(0, waiter)  # it was first in the queue
        return actions + self._grow(now)

    def release(self, now: float, number: int, broken: bool = False) -> list[Action]:
        """A connection came back. Whatever was open on it was ended by the shell; `broken` if it cannot be used again."""
        slot = self._slots.get(number)
        if slot is None or slot.state is not SlotState.ACTIVE:
            return []  # released twice
        slot.ticket = None
        if broken or self._closed or self._is_old(now, slot):
            return [self._close(now, slot), *self._grow(now)]
        if self.options.validate_on_release:
            slot.state, slot.since = SlotState.VALIDATING, now
            return [Validate(number, None)]
        return self._settle(now, slot)

    def tick(self, now: float) -> list[Action]:
        """Do what time asks for: refuse who waited too long, close what is old or idle, keep `min_size`, look for leaks."""
        actions: list[Action] = []
        overdue = [waiter for waiter in self._waiters if waiter.until <= now]
        self._waiters = [waiter for waiter in self._waiters if waiter.until > now]
        for waiter in overdue:
            self._counts.timeouts += 1
            actions.append(self._refuse(waiter.ticket, self._too_late(now, waiter)))
        if self._closed:
            return actions
        if now - self._maintained >= self.options.maintenance_interval:
            self._maintained = now
            actions += self._maintain(now)
        return actions + self._grow(now)

    def close(self, now: float) -> list[Action]:
        """Close the pool: idle connections at once, the others when they come back."""
        self._closed = True
        actions: list[Action] = [
            self._refuse(waiter.ticket, PoolClosed("the pool was closed")) for waiter in self._waiters
        ]
        self._waiters = []
        actions += [self._close(now, slot) for slot in list(self._idle)]
        return actions

    def deadline(self) -> float:
        """Return when `tick` has something to do; infinity for never."""
        times = [waiter.until for waiter in self._waiters]
        if not self._closed:
            times.append(self._maintained + self.options.maintenance_interval)
            if self._wanted() > 0:
                times.append(max(self._retry_at, self._token_at()))
        return min(times, default=NEVER)

    @property
    def finished(self) -> bool:
        """Whether the pool is closed and every connection is gone."""
        return self._closed and not self._slots

    def statistics(self) -> PoolStatistics:
        """Return the numbers of now."""
        counts = self._counts
        states = [slot.state for slot in self._slots.values()]
        return PoolStatistics(
            total_connections=len(states),
            idle_connections=states.count(SlotState.IDLE),
            active_connections=states.count(SlotState.ACTIVE) + states.count(SlotState.VALIDATING),
            creating_connections=states.count(SlotState.CREATING),
            total_acquisitions=counts.acquisitions,
            successful_acquisitions=counts.successes,
            failed_acquisitions=counts.failures,
            timeout_acquisitions=counts.timeouts,
            avg_acquire_time_ms=1000 * counts.acquire_seconds / counts.successes if counts.successes else 0.0,
            max_acquire_time_ms=1000 * counts.acquire_seconds_max,
            avg_connection_lifetime_ms=1000 * counts.lifetime_seconds / counts.closed if counts.closed else 0.0,
            current_waiters=len(self._waiters),
            max_waiters=counts.waiters_max,
            connections_created=counts.created,
            connections_closed=counts.closed,
            connection_errors=counts.errors,
            validation_failures=counts.invalid,
            leaked_connections=counts.leaked,
        )

    # ---- decisions

    def _serve(self, now: float, waiter: Waiter, actions: list[Action]) -> bool:
        """Give the waiter an idle connection, or the validation of one; False when there is none."""
        while self._idle:
            slot = self._idle.pop()
            if self._is_old(now, slot):
                self._idle.append(slot)
                actions.append(self._close(now, slot))
                continue
            if self.options.validate_on_acquire:
                slot.state, slot.since, slot.ticket, slot.waiter = (
                    SlotState.VALIDATING, waiter.since, waiter.ticket, waiter,
                )  # fmt: skip
                actions.append(Validate(slot.number, waiter.ticket))
            else:
                slot.since = waiter.since
                actions.append(self._hand(now, slot, waiter.ticket))
            return True
        return False

    def _settle(self, now: float, slot: Slot) -> list[Action]:
        """A connection that is good and belongs to nobody: to the first waiter, or idle."""
        if self._closed:
            return [self._close(now, slot)]
        waiter = self._next_waiter(now)
        if waiter is not None:
            slot.since = waiter.since
            return [self._hand(now, slot, waiter.ticket)]
        slot.state, slot.since, slot.ticket = SlotState.IDLE, now, None
        self._idle.append(slot)
        return []

    def _next_waiter(self, now: float) -> Waiter | None:
        """Take the waiter whose turn it is."""
        if not self._waiters:
            return None
        index = 0
        if not self.options.fair_queue:
            half = self.options.acquire_timeout / 2
            starving = [i for i, waiter in enumerate(self._waiters) if now - waiter.since >= half]
            urgent = max(waiter.priority for waiter in self._waiters)
            index = starving[0] if starving else [waiter.priority for waiter in self._waiters].index(urgent)
        return self._waiters.pop(index)

    def _hand(self, now: float, slot: Slot, ticket: int) -> Hand:
        waited = now - slot.since
        counts = self._counts
        counts.successes += 1
        counts.acquire_seconds += waited
        counts.acquire_seconds_max = max(counts.acquire_seconds_max, waited)
        slot.state, slot.since, slot.ticket, slot.reported = SlotState.ACTIVE, now, ticket, False
        slot.waiter = None
        return Hand(ticket, slot.number)

    def _refuse(self, ticket: int, error: Error) -> Refuse:
        self._counts.failures += 1
        return Refuse(ticket, error)

    def _too_late(self, now: float, waiter: Waiter) -> PoolTimeout:
        states = [slot.state for slot in self._slots.values()]
        message = (
            f"no connection within {now - waiter.since:.3g} s: {states.count(SlotState.ACTIVE)} are in use, "
            f"{states.count(SlotState.CREATING)} are being made, max_size is {self.options.max_size}"
        )
        if self._last_error is not None:
            message += f"; connecting failed with: {self._last_error.message}"
        return PoolTimeout(message)

    def _wanted(self) -> int:
        """How many connections should be made, throttle aside."""
        creating = sum(slot.state is SlotState.CREATING for slot in self._slots.values())
        total = len(self._slots)
        wanted = max(len(self._waiters) - creating, self.options.min_size - total)
        return min(wanted, self.options.max_size - total)

    def _grow(self, now: float) -> list[Action]:
        actions: list[Action] = []
        if self._closed or now < self._retry_at:
            return actions
        for _ in range(self._wanted()):
            if not self._take_token(now):
                break
            actions.append(self._create(now))
        return actions

    def _create(self, now: float) -> Create:
        self._next += 1
        self._slots[self._next] = Slot(self._next, SlotState.CREATING, now)
        return Create(self._next)

    def _take_token(self, now: float) -> bool:
        rate = self.options.creation_throttle
        if rate is None:
            return True
        burst = max(rate, 1.0)
        self._tokens = min(burst, self._tokens + (now - self._tokens_at) * rate)
        self._tokens_at = now
        if self._tokens < 1 - 1e-9:
            return False
        self._tokens -= 1
        return True

    def _token_at(self) -> float:
        rate = self.options.creation_throttle
        if rate is None or self._tokens >= 1:
            return self._tokens_at
        return self._tokens_at + (1 - self._tokens) / rate

    def _close(self, now: float, slot: Slot) -> Close:
        del self._slots[slot.number]
        if slot.state is SlotState.IDLE:
            self._idle.remove(slot)
        self._counts.closed += 1
        self._counts.lifetime_seconds += now - slot.created
        return Close(slot.number)

    def _is_old(self, now: float, slot: Slot) -> bool:
        lifetime = self.options.max_lifetime
        if lifetime is None:
            return False
        # Connections made together end at different times: by their numbers, up to a tenth earlier.
        return now - slot.created >= lifetime * (1 - slot.number * 37 % 100 / 1000)

    def _maintain(self, now: float) -> list[Action]:
        options = self.options
        actions: list[Action] = [self._close(now, slot) for slot in list(self._idle) if self._is_old(now, slot)]
        if options.idle_timeout is not None:
            for slot in list(self._idle):
                if len(self._slots) > options.min_size and now - slot.since >= options.idle_timeout:
                    actions.append(self._close(now, slot))
        if options.leak_detection_threshold is not None:
            for slot in self._slots.values():
                out = now - slot.since
                if slot.state is SlotState.ACTIVE and not slot.reported and out >= options.leak_detection_threshold:
                    slot.reported = True
                    self._counts.leaked += 1
                    actions.append(Leaked(slot.number, out))
        return actions

    def lost(self, now: float, number: int) -> list[Action]:
        """An idle connection was found broken."""
        slot = self._slots.get(number)
        if slot is None or slot.state is not SlotState.IDLE:
            return []
        self._last_error = ConnectionLost("an idle connection was lost")
        return [self._close(now, slot), *self._grow(now)]
