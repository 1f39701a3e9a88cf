# SPDX-License-Identifier: BSD-3-Clause
"""Searches for a limit by halving, whatever it is a limit of."""


def highest(passes, low, high, precision):
    """The highest value that passes, to a share `precision` of it; 0 if none from `low` / 64 on does.

    Above a value that fails none is tried, below one that passes none: a limit is taken to be one.
    `high` passes: it is `high`, and what limits is something else."""
    if passes(high):
        return high
    least = low / 64
    while not passes(low):
        high, low = low, low / 2
        if low < least:
            return 0
    while high - low > precision * high:
        middle = (low + high) / 2
        if passes(middle):
            low = middle
        else:
            high = middle
    return low


def percentile(pairs, share):
    """Of a distribution as pairs of a value and how often: the least value that this share does not
    exceed. None if there is nothing."""
    total = sum(count for _, count in pairs)
    seen = 0
    for value, count in sorted(pairs):
        seen += count
        if seen >= share * total and seen > 0:
            return value
    return None


def merge(distributions):
    """Several of them as one."""
    sums = {}
    for pairs in distributions:
        for value, count in pairs:
            sums[value] = sums.get(value, 0) + count
    return sorted(sums.items())
