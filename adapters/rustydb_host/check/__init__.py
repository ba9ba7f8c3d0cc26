"""check_host: a conformance suite for hosts. `python -m rustydb_host.check_host package.module:run`.

A host is a loop around a pure core: it gathers inputs, calls `step`, carries out effects, sleeps until `deadline`. The
simulator can test every core but no host, because there the simulator is the host. So this suite runs a host, in a process of
its own, around a small core that is made for being watched, and plays the clients with plain sockets:

    parent                                              child
    check -> Lab -> sockets  ------- bytes ------->     host under test -> Recorder -> Probe
                    Record   <--- one line a step ---                      (what it was told, what it asked for)

    probe.py     the core: does what lines of text in the connection tell it to do
    service.py   the parts of a Service that the suite owns: clock, disk, compute jobs, the recorder around the probe
    child.py     the process under test
    record.py    what the child tells, as events that a check can wait for and count
    lab.py       starts the child, opens client sockets, measures memory
    table.py     what a check is; verdicts
    checks_*.py  the checks, by subject
    runner.py    runs them and prints a line for each

A check compares what the host told the core with what happened on the socket. It demands nothing of speed, except where
a promise is one (a long statement does not keep others waiting), and there the median counts.
"""
