import threading
import time
from datetime import datetime, timezone

import pytest

from gsi_bench_hf.editing import EditRefusedError, EditUnavailableError
from gsi_bench_hf.pipelines.endpoints.patience import Gate, Patience, TransientError, persist, retry_after_s

QUICK = Patience(attempts=4, first_wait_s=0.001)


class Flaky:
    """Fails so many times, then answers."""

    def __init__(self, failures, error=None):
        self.failures, self.error, self.calls = failures, error or TransientError("the server said 500"), 0

    def __call__(self, seconds):
        assert 0 < seconds <= QUICK.total_s
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        return "done"


@pytest.mark.parametrize(("failures", "calls"), [(0, 1), (1, 2), (3, 4)])
def test_a_call_is_tried_until_it_answers(failures, calls):
    flaky = Flaky(failures)
    assert persist(flaky, QUICK, Gate()) == "done"
    assert flaky.calls == calls


def test_the_last_failure_is_told_with_the_number_of_attempts():
    flaky = Flaky(9)
    with pytest.raises(EditUnavailableError, match=r"the server said 500 \(4 attempts in \d+ s\)"):
        persist(flaky, QUICK, Gate())
    assert flaky.calls == 4


def test_what_no_attempt_mends_is_not_tried_again():
    flaky = Flaky(1, EditRefusedError("no"))
    with pytest.raises(EditRefusedError, match="no"):
        persist(flaky, QUICK, Gate())
    assert flaky.calls == 1


def test_waits_double_up_to_the_longest_and_never_undercut_the_server():
    patience = Patience(first_wait_s=2.0, longest_wait_s=10.0)
    assert [patience.wait_s(n, None, 0.0) for n in (1, 2, 3, 4)] == [2.0, 4.0, 8.0, 10.0]
    assert patience.wait_s(1, None, 1.0) == 2.5
    assert patience.wait_s(1, 90.0, 1.0) == 90.0
    assert patience.wait_s(4, 1.0, 0.0) == 10.0


def test_a_server_that_asks_for_more_than_there_is_patience_is_given_up_at_once():
    flaky = Flaky(9, TransientError("429 Too Many Requests", 86400.0))
    with pytest.raises(
        EditUnavailableError, match=r"429 Too Many Requests \(1 attempt in \d+ s, the next only after 86400 s\)"
    ):
        persist(flaky, QUICK, Gate())
    assert flaky.calls == 1


def test_one_thread_that_is_asked_to_wait_holds_all_of_them():
    gate, asked = Gate(), 0.3
    flaky = Flaky(1, TransientError("429", asked))
    held = threading.Event()

    def first(seconds):
        try:
            return flaky(seconds)
        finally:
            held.set()

    thread = threading.Thread(target=persist, args=(first, QUICK, gate))
    start = time.monotonic()
    thread.start()
    held.wait(5)
    while not gate.remaining_s():
        time.sleep(0.001)
    assert persist(lambda _: time.monotonic(), QUICK, gate) >= start + asked
    thread.join()
    assert flaky.calls == 2


def test_closing_wakes_those_who_wait():
    gate = Gate()
    gate.hold(300.0)
    threading.Timer(0.05, gate.stop).start()
    with pytest.raises(EditUnavailableError, match="closed while it waited"):
        persist(Flaky(0), QUICK, gate)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:10 GMT"}, 10.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:27:00 GMT"}, 0.0),
    ],
)
def test_what_a_server_asks_for(headers, seconds):
    assert retry_after_s(headers, datetime(2026, 10, 21, 7, 28, 0, tzinfo=timezone.utc)) == seconds


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"attempts": 0}, "attempts is 0, expected 1 or more"),
        ({"total_s": 0}, "total_s is 0, expected a number of seconds above 0"),
        ({"first_wait_s": float("nan")}, "first_wait_s is nan, expected"),
    ],
)
def test_patience_that_makes_no_sense(arguments, message):
    with pytest.raises(ValueError, match=message):
        Patience(**arguments)
