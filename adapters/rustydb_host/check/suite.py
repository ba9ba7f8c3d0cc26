"""The table of checks, in the order in which they run: each with what it demands of a host, and why."""

from __future__ import annotations

from rustydb_host.check import (
    checks_connections,
    checks_ending,
    checks_load,
    checks_streams,
    checks_time,
    checks_work,
)
from rustydb_host.check.table import Check

CHECKS: tuple[Check, ...] = (
    # connections
    Check("accept-ipv4", "Accepted names listener, peer and local address: access rules and logs need them", checks_connections.accept_ipv4),
    Check("accept-ipv6", "the same over IPv6, with addresses in brackets", checks_connections.accept_ipv6),
    Check("accept-unix", "the same over a Unix socket, where the peer has no address", checks_connections.accept_unix),
    Check("peer-ends", "the peer's end of file is one Received(b''), and the other direction stays open", checks_connections.peer_ends),
    Check("end-told-once", "the end of file is told once, also when reading is paused and resumed after it", checks_connections.end_told_once),
    Check("host-ends", "EndSend ends our direction after what was sent, and reading goes on", checks_connections.host_ends),
    Check("peer-resets", "a reset is Lost, so that the core can end what runs for that client", checks_connections.peer_resets),
    Check("peer-resets-blocked", "a reset is Lost also while the send buffer is full", checks_connections.peer_resets_while_blocked),
    Check("peer-closes", "a peer that is gone is noticed when a write fails, after its end of file", checks_connections.peer_closes),
    Check("late-effects", "an effect that names a connection which is gone is ignored: the core cannot know yet", checks_connections.late_effects),
    Check("connect-out", "Connect resolves and connects, and the connection is like one that was accepted", checks_connections.connect_out),
    Check("connect-refused", "a Connect that cannot succeed is answered by ConnectFailed", checks_connections.connect_refused),
    Check("connect-timeout", "a Connect without an answer fails after its timeout", checks_connections.connect_times_out),
    Check("datagrams", "datagrams arrive whole with the name of their socket, and answers leave from it", checks_connections.datagrams),
    # bytes and back-pressure
    Check("in-order", "bytes arrive once and in order, however they are cut", checks_streams.in_order),
    Check("byte-by-byte", "a slow writer, a byte at a time, is understood", checks_streams.one_byte_at_a_time),
    Check("sends-in-order", "effects on one connection are carried out in order", checks_streams.sends_in_order),
    Check("close-flushes", "Close sends everything first: an error message must reach its client", checks_streams.close_flushes),
    Check("close-gives-up", "Close does not wait longer than flush_seconds for a client that does not read", checks_streams.close_gives_up),
    Check("abort-drops", "Abort does not wait for unsent bytes", checks_streams.abort_drops),
    Check("write-blocked", "WriteBlocked and WriteReady alternate and bound what is made for a client that does not read", checks_streams.write_blocked),
    Check("unblocked-below-mark", "a client with little unsent is not blocked: blocking costs two steps", checks_streams.small_sends_stay_unblocked),
    Check("slow-reader", "a large result to a slow client takes bounded memory", checks_streams.slow_reader),
    Check("pause-reading", "PauseReading stops the peer by the kernel's buffers, and nothing is lost", checks_streams.pause_reading),
    Check("pause-and-end", "an end of file that came while reading was paused is told afterwards", checks_streams.pause_and_end),
    # time
    Check("timers", "timers fire in order, never early, and soon, also under load", checks_time.timers, timed=True),
    Check("earlier-timer", "an earlier deadline replaces a later one", checks_time.timer_is_moved_forward, timed=True),
    Check("wall-clock-jump", "timers follow the monotonic clock, whatever the wall clock does", checks_time.wall_clock_jumps, timed=True),
    Check("monotonic-jump", "a monotonic clock that jumps (a suspended machine) is noticed within SLEEP_SECONDS_MAX", checks_time.monotonic_clock_jumps, timed=True),
    Check("goes-on", "deadline <= now: step is called again without sleeping", checks_time.goes_on_at_once, timed=True),
    Check("fairness", "a long statement in slices delays others by less than 50 ms at the median", checks_time.fairness, timed=True),
    Check("accepts-while-working", "clients get in while a long statement runs", checks_time.accepts_while_working, timed=True),
    Check("batches", "inputs that are there at once are one step: that is what makes the core fast under load", checks_time.inputs_are_batched, timed=True),
    Check("idle", "a host without anything to do sleeps", checks_time.idle_is_idle, timed=True),
    # work
    Check("appends-in-order", "appends are carried out one after the other, in order: the log's last frame may be torn, no other", checks_work.appends_in_order),
    Check("files-in-order", "file work is carried out one after the other, in order: a rename follows what was stored", checks_work.files_in_order),
    Check("log-overtakes-files", "an append does not wait for a checkpoint's file", checks_work.log_overtakes_files),
    Check("slow-disk", "a slow disk holds up nobody who does not wait for it", checks_work.slow_disk, timed=True),
    Check("disk-failures", "a disk that fails, or whose code raises, is DiskFailed with reason and code", checks_work.disk_failures),
    Check("compute", "a job's result or exception comes back as an input", checks_work.computed),
    Check("slow-jobs", "jobs in workers hold up nobody who does not wait for them", checks_work.slow_jobs, timed=True),
    Check("jobs-side-by-side", "several jobs that wait run at the same time", checks_work.jobs_side_by_side, timed=True),
    Check("put", "inputs that are put from other threads arrive once, in order", checks_work.put_from_threads),
    Check("log", "log records reach the log in order", checks_work.log_records),
    # many
    Check("idle-connections", "thousands of idle connections cost little memory and no time", checks_load.idle_connections, timed=True),
    Check("connects", "connections come and go fast", checks_load.connects, timed=True),
    Check("connect-burst", "hundreds of connects at once are all served", checks_load.burst_of_connects),
    Check("out-of-files", "without free files the host lives, does not spin, and accepts later", checks_load.out_of_files, timed=True),
    # these look at everything that was told so far
    Check("new-numbers", "a connection's number is never used again: a late effect must not reach another client", checks_connections.numbers_are_new),
    Check("lost-once", "Lost is told once: the core frees what belongs to the connection", checks_connections.lost_once),
    Check("nothing-after-lost", "no input names a connection after Lost", checks_connections.nothing_after_lost),
    Check("silent-after-close", "no input, not even Lost, names a connection that the core closed", checks_connections.silent_after_close),
    Check("disk-answers", "every disk effect is answered once", checks_work.disk_answers_once),
    Check("one-step-at-a-time", "step is never called inside step, nor in two threads", checks_time.one_step_at_a_time),
    # the end
    Check("halt", "Halt ends run() with its code, and every connection", checks_ending.halt),
    Check("halt-flushes", "what was sent before Close and Halt arrives: a client learns why it is gone", checks_ending.halt_flushes),
    Check("halt-bounded", "Halt waits at most halt_seconds for clients", checks_ending.halt_is_bounded, timed=True),
    Check("halt-disk", "Halt waits for the disk work under way", checks_ending.halt_waits_for_the_disk),
    Check("core-raises", "an exception of the core ends run(), which raises it", checks_ending.core_raises),
    Check("shutdown", "SIGTERM closes the listeners, asks the core gracefully, and lets it answer", checks_ending.shutdown_drains),
    Check("shutdown-from-put", "ShutdownRequested from a thread closes the listeners too", checks_ending.shutdown_from_put),
    Check("second-interrupt", "a second SIGINT stops at once", checks_ending.second_interrupt),
    Check("reload", "SIGHUP calls reload and brings its news to the core", checks_ending.hangup_reloads),
)  # fmt: skip
