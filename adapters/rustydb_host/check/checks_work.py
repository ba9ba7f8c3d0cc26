"""Work that is not for the loop: the disk, jobs, the log, and inputs from other threads."""

from __future__ import annotations

import time

from rustydb_host.check.lab import Client, Lab
from rustydb_host.check.record import Event, Record
from rustydb_host.check.table import demand

DISK_EFFECTS = ("Append", "Allocate", "Store", "Publish", "DeleteFile")
HELD_SECONDS_MAX = 0.2
"""How long an echo may take while workers are busy for 300 ms and more."""
DISK_ANSWERS = ("Appended", "DiskDone", "DiskFailed")


def appends_in_order(lab: Lab) -> None:
    """Ask for 200 appends at once: they begin in order, one after the other."""
    with lab.client() as client:
        tickets = _ask(lab, client, "disk append plain 200", "Append", 200)
    _serial(lab.record, tickets)
    for ticket in tickets:
        demand(lab.record.named("in", "Appended", ticket=ticket), "an Append is answered by Appended")


def files_in_order(lab: Lab) -> None:
    """Ask for stores, a publish and a deletion at once: they begin in order, one after the other."""
    with lab.client() as client:
        line = "all disk allocate plain-a 1; disk store plain-b 30; disk publish plain-b 1; disk delete plain-a 1"
        first = len(lab.record.events)
        client.say(line)
        asked = lab.record.wait(lambda: _asked(lab.record, first, 33), "33 disk effects", lab.seconds)
        tickets = [event.fields["ticket"] for event in asked]
        _wait_answers(lab, tickets)
    _serial(lab.record, tickets)
    for ticket in tickets:
        demand(lab.record.named("in", "DiskDone", ticket=ticket), "file work is answered by DiskDone")


def log_overtakes_files(lab: Lab) -> None:
    """Ask for a store that takes 400 ms and an append behind it: a checkpoint does not hold up a commit."""
    with lab.client() as client:
        slow = _ask(lab, client, "all disk store slow-400 1; disk append plain 1", "Store", 1, wait=False)
        record = lab.record
        lab.settle()
        append = record.named("out", "Append")[-1].fields["ticket"]
        _wait_answers(lab, [*slow, append])
        first = record.named("in", "Appended", ticket=append)[0]
        second = record.named("in", "DiskDone", ticket=slow[0])[0]
        demand(first.index < second.index, "the append waited for the store")


def slow_disk(lab: Lab) -> str:
    """Ask for echoes while an append takes half a second."""
    with lab.client() as worker, lab.client() as client:
        return _echo_meanwhile(lab, worker, client, "disk append slow-500 1", "Appended")


def disk_failures(lab: Lab) -> None:
    """Let the disk answer DiskFailed, and let it raise: both arrive as DiskFailed, and the disk goes on."""
    record = lab.record
    with lab.client() as client:
        for kind in ("append", "store", "allocate", "publish", "delete"):
            for name in ("fail-ENOSPC", "raise-ENOSPC"):
                ticket = _ask_one(lab, client, f"disk {kind} {name} 1")
                failed = record.named("in", "DiskFailed", ticket=ticket)
                demand(failed, f"{kind} of {name} is answered by DiskFailed")
                demand(failed[0].fields["reason"], "DiskFailed gives its reason")
                if name.startswith("fail"):
                    demand(failed[0].fields["code"] == "ENOSPC", f"code {failed[0].fields['code']}, not ENOSPC")
        _ask(lab, client, "disk append plain 1", "Append", 1)


def disk_answers_once(lab: Lab) -> None:
    """Mix everything, then look whether each request that was ever made has exactly one answer."""
    record = lab.record
    with lab.client() as client:
        lines = "disk store slow-5 10; disk append slow-1 30; disk append fail-EIO 5; disk store put 5"
        _ask(lab, client, f"all {lines}", "Append", 35)
    _wait_answers(lab, [event.fields["ticket"] for name in DISK_EFFECTS for event in record.named("out", name)])
    lab.settle()
    answers: dict[int, int] = {}
    for name in DISK_ANSWERS:
        for event in record.named("in", name):
            answers[event.fields["ticket"]] = answers.get(event.fields["ticket"], 0) + 1
    for name in DISK_EFFECTS:
        for event in record.named("out", name):
            count = answers.get(event.fields["ticket"], 0)
            demand(count == 1, f"{name}({event.fields['ticket']}) was answered {count} times")


def computed(lab: Lab) -> None:
    """Let jobs return and raise."""
    record = lab.record
    with lab.client() as client:
        first = len(record.named("note", "compute"))
        client.say("compute answer fail answer fail answer")
        asked = record.wait(lambda: record.named("note", "compute")[first:], "Compute", lab.seconds)
        for event in asked:
            ticket = event.fields["ticket"]
            answer = _wait_computed(lab, ticket)
            if event.fields["job"] == "answer":
                demand(
                    answer.fields.get("result") == 42,
                    f"a job that returns is answered by {answer.name} {answer.fields}",
                )
            else:
                demand(answer.name == "ComputeFailed", "a job that raises is answered by ComputeFailed")
                reason = answer.fields["reason"]
                demand("ArithmeticError" in reason and "its name" in reason, f"reason {reason!r} names the exception")
    lab.settle()


def slow_jobs(lab: Lab) -> str:
    """Ask for echoes while jobs sleep and compute."""
    with lab.client() as worker, lab.client() as client:
        return _echo_meanwhile(lab, worker, client, "compute sleep sleep burn sleep", "Computed", 4)


def jobs_side_by_side(lab: Lab) -> str:
    """Start four jobs that sleep 300 ms: they take less than one after the other."""
    record = lab.record
    with lab.client() as client:
        first = len(record.named("in", "Computed"))
        began = time.monotonic()
        client.say("compute sleep sleep sleep sleep")
        record.wait(lambda: len(record.named("in", "Computed")) >= first + 4, "four answers", lab.seconds)
        took = time.monotonic() - began
    demand(took < 1.1, f"four jobs of 300 ms took {took:.2f} s")
    return f"{took:.2f} s for four jobs of 0.3 s"


def put_from_threads(lab: Lab) -> None:
    """Put inputs from the disk's threads: each arrives once, and in order."""
    record = lab.record
    first = len(record.named("in", "Reloaded"))
    with lab.client() as client:
        tickets = _ask(lab, client, "disk append put 300", "Append", 300)
    came = [event.fields["limits"]["ticket"] for event in record.named("in", "Reloaded")[first:]]
    demand(
        came == tickets, f"{len(came)} of {len(tickets)} inputs from a thread arrived, in order: {came == sorted(came)}"
    )


def log_records(lab: Lab) -> None:
    """Have the core log."""
    with lab.client() as client:
        conn = client.conn
        client.say("all log first; log second")
        lab.settle()
        names = [event.name for event in lab.record.events if event.way == "log" and event.fields.get("conn") == conn]
    demand(names == ["first", "second"], f"records {names} reached the log")


def _ask(lab: Lab, client: Client, line: str, name: str, count: int, *, wait: bool = True) -> list[int]:
    """Say a line that makes `count` effects of a name; return their tickets once they are answered."""
    first = len(lab.record.named("out", name))
    client.say(line)
    record = lab.record
    asked = record.wait(
        lambda: len(found := record.named("out", name)[first:]) >= count and found, f"{count} {name}", lab.seconds
    )
    assert isinstance(asked, list), "the wait is over when there are some"
    tickets = [event.fields["ticket"] for event in asked]
    if wait:
        _wait_answers(lab, tickets)
    return tickets


def _ask_one(lab: Lab, client: Client, line: str) -> int:
    """Say a line that makes one disk effect; return its ticket once it is answered."""
    record = lab.record
    first = len(record.events)
    client.say(line)
    asked = record.wait(lambda: _asked(record, first, 1), "a disk effect", lab.seconds)
    ticket: int = asked[0].fields["ticket"]
    _wait_answers(lab, [ticket])
    return ticket


def _wait_computed(lab: Lab, ticket: int) -> Event:
    record = lab.record

    def answers() -> list[Event]:
        return record.named("in", "Computed", ticket=ticket) + record.named("in", "ComputeFailed", ticket=ticket)

    return record.wait(answers, f"the answer to Compute({ticket})", lab.seconds)[0]


def _asked(record: Record, first: int, count: int) -> list[Event]:
    found = [e for e in record.events[first:] if e.way == "out" and e.name in DISK_EFFECTS]
    return found if len(found) >= count else []


def _wait_answers(lab: Lab, tickets: list[int]) -> None:
    record = lab.record
    left = set(tickets)

    def all_answered() -> bool:
        for name in DISK_ANSWERS:
            left.difference_update(e.fields["ticket"] for e in record.named("in", name))
        return not left

    record.wait(all_answered, f"answers to {len(tickets)} disk effects", lab.seconds)


def _serial(record: Record, tickets: list[int]) -> None:
    """Demand that the disk did these one after the other."""
    wanted = set(tickets)
    events = [e for e in record.events if e.way == "disk" and e.fields["ticket"] in wanted]
    told = [(e.name, e.fields["ticket"]) for e in events]
    expected = [(name, ticket) for ticket in tickets for name in ("disk began", "disk ended")]
    if told != expected:
        begun = [ticket for name, ticket in told if name == "disk began"]
        demand(begun == tickets, f"disk effects began in the order {begun[:10]}, not {tickets[:10]}")
        demand(False, "a disk effect began before the one ahead of it had ended")


def _echo_meanwhile(lab: Lab, worker: Client, client: Client, line: str, answer: str, count: int = 1) -> str:
    record = lab.record
    client.say("echo")
    client.send(b"x")
    client.read(1)
    before = len(record.named("in", answer))
    worker.say(line)
    times = []
    while len(record.named("in", answer)) < before + count:
        began = time.monotonic()
        client.send(b"x")
        client.read(1)
        times.append(time.monotonic() - began)
        demand(sum(times) < lab.seconds, f"{answer} does not come")
    worst = max(times, default=0.0)
    demand(worst <= HELD_SECONDS_MAX, f"an echo took {1000 * worst:.0f} ms while a worker was busy")
    return f"{len(times)} echoes meanwhile, {1000 * worst:.1f} ms at most"
