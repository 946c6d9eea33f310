"""The flow of bytes in plain Python fractions: what the vectorised figures are held against."""

from fractions import Fraction


def backlog(sizes, slot, rate):
    """Bytes that wait at each slot edge, at `rate` bytes per second."""
    waiting = [Fraction(0)]
    for size in sizes:
        waiting.append(max(Fraction(0), waiting[-1] + size - rate * slot))
    return waiting


def meets(sizes, slot, rate, rpo, judged=None):
    """Whether every byte of a judged slot is shipped within the RPO: the backlog it finds is small enough."""
    waiting = backlog(sizes, slot, rate)
    judged = judged or [True] * len(sizes)
    return all(max(waiting[k], waiting[k + 1]) <= rate * rpo for k in range(len(sizes)) if judged[k])


def least_rate(sizes, slot, rpo):
    """Bytes per second, over every window of whole slots."""
    return max(
        (
            Fraction(sum(sizes[i:j])) / ((j - i) * slot + rpo)
            for j in range(1, len(sizes) + 1)
            for i in range(j)
        ),
        default=Fraction(0),
    )


def safe_rate(sizes, slot, rpo):
    """The same for bytes that may come at any moment of their slot."""
    return max(
        Fraction(sum(sizes[i:j])) / (max(j - i - 2, 0) * slot + rpo)
        for j in range(1, len(sizes) + 1)
        for i in range(j)
    )


def missed_share(before, after, limit):
    """The share of a slot during which a backlog going evenly from `before` to `after` is over the limit."""
    low, high = min(before, after), max(before, after)
    if high <= limit:
        return Fraction(0)
    if low >= limit:
        return Fraction(1)
    return Fraction(high - limit) / (high - low)


def attainment(sizes, slot, rate, rpo, judged=None):
    """Shares of the judged time and of its bytes for which the RPO is met."""
    waiting, judged = backlog(sizes, slot, rate), judged or [True] * len(sizes)
    missed_time = missed_bytes = time = total = Fraction(0)
    for k, size in enumerate(sizes):
        if judged[k]:
            missed = missed_share(waiting[k], waiting[k] + size - rate * slot, rate * rpo)
            missed_time, missed_bytes = missed_time + missed, missed_bytes + missed * size
            time, total = time + 1, total + size
    return 1 - missed_time / time, 1 - missed_bytes / total if total else Fraction(1)
