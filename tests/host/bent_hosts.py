"""Hosts with one planted bug each: the asyncio host around a core whose inputs or effects are bent on the way.

`run_NAME(service)` is the host with the bug NAME; BUGS says which checks must notice it. What a bent core does to inputs is what
a broken host would tell, what it does to effects is what a broken host would carry out.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from rustydb_asyncio.host import run, run_on
from rustydb_host.contract import Core, Service, read_clock

from rustydb_proto.core import io
from rustydb_proto.core.time import NS_PER_MS, Now

Inputs = Sequence[io.Input]
Effects = list[io.Effect]


class Bent:
    """A core behind a bug; the bugs are its subclasses."""

    def __init__(self, core: Core) -> None:
        self.core = core

    def step(self, now: Now, inputs: Inputs) -> Effects:
        """Bend the inputs, let the core step, bend the effects."""
        return self.bend_effects(self.core.step(now, self.bend_inputs(inputs)))

    def deadline(self, now: Now) -> int | None:
        """Return the core's."""
        return self.core.deadline(now)

    def bend_inputs(self, inputs: Inputs) -> Inputs:
        """Return what the core is told."""
        return [told for item in inputs for told in self.bend_input(item)]

    def bend_effects(self, effects: Effects) -> Effects:
        """Return what is carried out."""
        return [done for effect in effects for done in self.bend_effect(effect)]

    def bend_input(self, item: io.Input) -> Inputs:
        """Return what the core is told in place of an input."""
        return [item]

    def bend_effect(self, effect: io.Effect) -> Effects:
        """Return what is carried out in place of an effect."""
        return [effect]


class TellsLostTwice(Bent):
    def bend_input(self, item: io.Input) -> Inputs:
        return [item, item] if isinstance(item, io.Lost) else [item]


class TellsMoreAfterLost(Bent):
    def bend_input(self, item: io.Input) -> Inputs:
        return [item, io.Received(item.conn, b"x")] if isinstance(item, io.Lost) else [item]


class TellsLostAfterClose(Bent):
    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self.closed: list[int] = []

    def bend_inputs(self, inputs: Inputs) -> Inputs:
        late, self.closed = self.closed, []
        return [*inputs, *(io.Lost(conn) for conn in late)]

    def bend_effect(self, effect: io.Effect) -> Effects:
        if isinstance(effect, io.Close):
            self.closed.append(effect.conn)
        return [effect]


class UsesNumbersAgain(Bent):
    """Numbers live connections from 1 up, lowest free first."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self.shown: dict[int, int] = {}

    def bend_input(self, item: io.Input) -> Inputs:
        if isinstance(item, io.Accepted):
            used = set(self.shown.values())
            self.shown[item.conn] = next(n for n in range(1, 1 << 20) if n not in used)
        if not hasattr(item, "conn"):
            return [item]
        conn = self.shown.get(item.conn, item.conn)
        if isinstance(item, io.Lost):
            self.shown.pop(item.conn, None)
        if isinstance(item, io.Received):
            return [io.Received(conn, item.data)]
        return [replace(item, conn=conn)]  # type: ignore[type-var]  # the records are dataclasses at run time

    def bend_effect(self, effect: io.Effect) -> Effects:
        if not hasattr(effect, "conn"):
            return [effect]
        real = next((mine for mine, told in self.shown.items() if told == effect.conn), effect.conn)
        if isinstance(effect, io.Close | io.Abort):
            self.shown.pop(real, None)
        if isinstance(effect, io.Send):
            return [io.Send(real, effect.data)]
        return [replace(effect, conn=real)]  # type: ignore[type-var]  # the records are dataclasses at run time


class MixesListeners(Bent):
    def bend_input(self, item: io.Input) -> Inputs:
        return [replace(item, listener="ipv4")] if isinstance(item, io.Accepted) else [item]


class TakesEndForLost(Bent):
    def bend_input(self, item: io.Input) -> Inputs:
        return [io.Lost(item.conn)] if isinstance(item, io.Received) and not item.data else [item]


class TellsTheEndTwice(Bent):
    def bend_input(self, item: io.Input) -> Inputs:
        return [item, item] if isinstance(item, io.Received) and not item.data else [item]


class LosesLost(Bent):
    def bend_input(self, item: io.Input) -> Inputs:
        return [] if isinstance(item, io.Lost) else [item]


class LosesConnectFailed(Bent):
    def bend_input(self, item: io.Input) -> Inputs:
        return [] if isinstance(item, io.ConnectFailed) else [item]


class MixesSends(Bent):
    def bend_effects(self, effects: Effects) -> Effects:
        sends = [number for number, effect in enumerate(effects) if isinstance(effect, io.Send)]
        for one, two in zip(sends[10::20], sends[11::20], strict=False):
            effects[one], effects[two] = effects[two], effects[one]
        return effects


class LosesBytes(Bent):
    def bend_input(self, item: io.Input) -> Inputs:
        if isinstance(item, io.Received) and len(item.data) > 20_000:
            return [io.Received(item.conn, item.data[:-1])]
        return [item]


class IgnoresFullBuffers(Bent):
    def bend_input(self, item: io.Input) -> Inputs:
        return [] if isinstance(item, io.WriteBlocked | io.WriteReady) else [item]


class TellsBlockedTwice(Bent):
    def bend_input(self, item: io.Input) -> Inputs:
        return [item, item] if isinstance(item, io.WriteBlocked) else [item]


class NeverTellsReady(Bent):
    def bend_input(self, item: io.Input) -> Inputs:
        return [] if isinstance(item, io.WriteReady) else [item]


class DropsAtClose(Bent):
    def bend_effect(self, effect: io.Effect) -> Effects:
        return [io.Abort(effect.conn)] if isinstance(effect, io.Close) else [effect]


class FlushesAtAbort(Bent):
    def bend_effect(self, effect: io.Effect) -> Effects:
        return [io.Close(effect.conn)] if isinstance(effect, io.Abort) else [effect]


class ClosesAtEndSend(Bent):
    def bend_effect(self, effect: io.Effect) -> Effects:
        return [io.Close(effect.conn)] if isinstance(effect, io.EndSend) else [effect]


class ReadsOnWhenPaused(Bent):
    def bend_effect(self, effect: io.Effect) -> Effects:
        return [] if isinstance(effect, io.PauseReading) else [effect]


class NeverResumes(Bent):
    def bend_effect(self, effect: io.Effect) -> Effects:
        return [] if isinstance(effect, io.ResumeReading) else [effect]


class SleepsTooLong(Bent):
    def deadline(self, now: Now) -> int | None:
        due = self.core.deadline(now)
        return due if due is None or due <= now.mono_ns else due + 200 * NS_PER_MS


class KeepsTheFirstDeadline(Bent):
    first: int | None = None

    def deadline(self, now: Now) -> int | None:
        due = self.core.deadline(now)
        if self.first is None or self.first <= now.mono_ns:
            self.first = due
        return self.first


class RestsBetweenSlices(Bent):
    def deadline(self, now: Now) -> int | None:
        due = self.core.deadline(now)
        return None if due is None else max(due, now.mono_ns + 10 * NS_PER_MS)


class WorksToTheEnd(Bent):
    """Steps again without a look at the sockets."""

    def step(self, now: Now, inputs: Inputs) -> Effects:
        effects = self.core.step(now, inputs)
        while not effects and (due := self.core.deadline(now)) is not None and due <= now.mono_ns:
            effects = self.core.step(now, [])
        return effects


class TellsOneByOne(Bent):
    def step(self, now: Now, inputs: Inputs) -> Effects:
        return [effect for item in inputs or [None] for effect in self.core.step(now, [item] if item else [])]


class NeverSleeps(Bent):
    def deadline(self, now: Now) -> int | None:
        return now.mono_ns


class StepsInThreads(Bent):
    def step(self, now: Now, inputs: Inputs) -> Effects:
        effects: Effects = []
        thread = threading.Thread(target=lambda: effects.extend(self.core.step(now, inputs)))
        thread.start()
        thread.join()
        return effects


class MixesAppends(Bent):
    def bend_effects(self, effects: Effects) -> Effects:
        appends = [effect for effect in effects if isinstance(effect, io.Append)]
        return [appends.pop() if isinstance(effect, io.Append) else effect for effect in effects]


class AnswersDiskTwice(Bent):
    def bend_input(self, item: io.Input) -> Inputs:
        return [item, item] if isinstance(item, io.DiskDone) else [item]


class HidesDiskFailures(Bent):
    def bend_input(self, item: io.Input) -> Inputs:
        return [io.Appended(item.ticket)] if isinstance(item, io.DiskFailed) else [item]


class LosesComputeFailures(Bent):
    def bend_input(self, item: io.Input) -> Inputs:
        return [] if isinstance(item, io.ComputeFailed) else [item]


class LosesPuts(Bent):
    seen = 0

    def bend_input(self, item: io.Input) -> Inputs:
        if isinstance(item, io.Reloaded):
            self.seen += 1
            return [] if self.seen % 50 == 0 else [item]
        return [item]


class LosesLogs(Bent):
    def bend_effect(self, effect: io.Effect) -> Effects:
        return [] if isinstance(effect, io.Log) else [effect]


class HaltsWithoutFlush(Bent):
    def bend_effects(self, effects: Effects) -> Effects:
        if any(isinstance(effect, io.Halt) for effect in effects):
            return [io.Abort(effect.conn) if isinstance(effect, io.Close) else effect for effect in effects]
        return effects


class ForgetsTheCode(Bent):
    def bend_effect(self, effect: io.Effect) -> Effects:
        return [io.Halt(0, effect.reason)] if isinstance(effect, io.Halt) else [effect]


class SwallowsExceptions(Bent):
    def step(self, now: Now, inputs: Inputs) -> Effects:
        try:
            return self.core.step(now, inputs)
        except Exception:
            return []


class IsAlwaysGraceful(Bent):
    def bend_input(self, item: io.Input) -> Inputs:
        return [io.ShutdownRequested(True)] if isinstance(item, io.ShutdownRequested) else [item]


class CutsDatagrams(Bent):
    def bend_input(self, item: io.Input) -> Inputs:
        return [replace(item, data=item.data[:1400])] if isinstance(item, io.DatagramReceived) else [item]


def run_without_uvloop(service: Service) -> int:
    """Run the asyncio host as it runs where uvloop is not installed; no bug."""
    return run_on(service, asyncio.new_event_loop)


def run_waiting_for_the_disk(service: Service) -> int:
    """Do the disk's work in the loop."""
    carry_out = service.carry_out
    assert carry_out is not None, "the suite has a disk"

    class Waits(Bent):
        answers: list[io.Input] = []

        def step(self, now: Now, inputs: Inputs) -> Effects:
            told, self.answers = self.answers, []
            return super().step(now, [*told, *inputs])

        def deadline(self, now: Now) -> int | None:
            return now.mono_ns if self.answers else self.core.deadline(now)

        def bend_effect(self, effect: io.Effect) -> Effects:
            if isinstance(effect, io.Append | io.Store | io.Allocate | io.Publish | io.DeleteFile):
                self.answers.append(carry_out(effect))
                return []
            return [effect]

    return run(replace(service, core=Waits(service.core)))


def run_with_its_own_clock(service: Service) -> int:
    """Read the system's clock in place of the service's."""
    return run(replace(service, clock=read_clock))


def run_listening_on(service: Service) -> int:
    """Keep the listeners open to the end."""
    kept = [one.sock.dup() for one in service.listeners]
    try:
        return run(service)
    finally:
        for sock in kept:
            sock.close()


def _bent(kind: Callable[[Core], Core]) -> Callable[[Service], int]:
    return lambda service: run(replace(service, core=kind(service.core)))


BUGS: dict[str, tuple[Callable[[Service], int], str]] = {
    "lost_twice": (_bent(TellsLostTwice), "lost-once"),
    "more_after_lost": (_bent(TellsMoreAfterLost), "nothing-after-lost,peer-resets"),
    "lost_after_close": (_bent(TellsLostAfterClose), "silent-after-close"),
    "numbers_again": (_bent(UsesNumbersAgain), "new-numbers"),
    "listeners_mixed": (_bent(MixesListeners), "accept-unix"),
    "end_is_lost": (_bent(TakesEndForLost), "peer-ends"),
    "end_twice": (_bent(TellsTheEndTwice), "peer-ends"),
    "no_lost": (_bent(LosesLost), "peer-resets,peer-resets-blocked,peer-closes"),
    "no_connect_failed": (_bent(LosesConnectFailed), "connect-refused"),
    "datagrams_cut": (_bent(CutsDatagrams), "datagrams"),
    "sends_mixed": (_bent(MixesSends), "sends-in-order"),
    "bytes_lost": (_bent(LosesBytes), "in-order"),
    "full_buffers_ignored": (_bent(IgnoresFullBuffers), "write-blocked,slow-reader"),
    "blocked_twice": (_bent(TellsBlockedTwice), "write-blocked"),
    "never_ready": (_bent(NeverTellsReady), "slow-reader"),
    "close_drops": (_bent(DropsAtClose), "close-flushes"),
    "abort_flushes": (_bent(FlushesAtAbort), "abort-drops"),
    "end_send_closes": (_bent(ClosesAtEndSend), "host-ends"),
    "pause_ignored": (_bent(ReadsOnWhenPaused), "pause-reading"),
    "never_resumes": (_bent(NeverResumes), "pause-reading,pause-and-end"),
    "sleeps_too_long": (_bent(SleepsTooLong), "timers"),
    "first_deadline_kept": (_bent(KeepsTheFirstDeadline), "earlier-timer"),
    "own_clock": (run_with_its_own_clock, "wall-clock-jump,monotonic-jump"),
    "rests_between_slices": (_bent(RestsBetweenSlices), "goes-on"),
    "works_to_the_end": (_bent(WorksToTheEnd), "fairness,accepts-while-working"),
    "one_by_one": (_bent(TellsOneByOne), "batches"),
    "never_sleeps": (_bent(NeverSleeps), "idle"),
    "threads": (_bent(StepsInThreads), "one-step-at-a-time"),
    "appends_mixed": (_bent(MixesAppends), "appends-in-order"),
    "disk_twice": (_bent(AnswersDiskTwice), "disk-answers"),
    "disk_failures_hidden": (_bent(HidesDiskFailures), "disk-failures"),
    "waits_for_disk": (run_waiting_for_the_disk, "slow-disk,log-overtakes-files"),
    "no_compute_failed": (_bent(LosesComputeFailures), "compute"),
    "puts_lost": (_bent(LosesPuts), "put"),
    "logs_lost": (_bent(LosesLogs), "log"),
    "halt_drops": (_bent(HaltsWithoutFlush), "halt-flushes"),
    "code_forgotten": (_bent(ForgetsTheCode), "halt"),
    "exceptions_swallowed": (_bent(SwallowsExceptions), "core-raises"),
    "listens_on": (run_listening_on, "shutdown,shutdown-from-put"),
    "always_graceful": (_bent(IsAlwaysGraceful), "second-interrupt"),
}
"""For each bug the host that has it, and the checks that notice it."""

globals().update({f"run_{name}": bug[0] for name, bug in BUGS.items()})
