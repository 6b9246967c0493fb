from simulator.randomness import Streams


def draws(streams: Streams, purpose: str) -> list[float]:
    return [streams.stream(purpose).random() for _ in range(5)]


def test_the_same_seed_repeats():
    assert draws(Streams(7), "sent") == draws(Streams(7), "sent")
    assert draws(Streams(7), "sent") != draws(Streams(8), "sent")


def test_purposes_do_not_disturb_each_other():
    alone = draws(Streams(7), "sent")
    mixed = Streams(7)
    draws(mixed, "delivered")
    assert draws(mixed, "sent") == alone


def test_the_draws_do_not_depend_on_the_process():
    assert Streams(7).stream("sent").random() == 0.029643423409881575
