#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The search and its arithmetic, without anything to measure."""
import random
import unittest

from halving import highest, merge, percentile


class Highest(unittest.TestCase):
    def search(self, limit, low, high, precision):
        tried = []

        def passes(value):
            tried.append(value)
            return value <= limit
        return highest(passes, low, high, precision), tried

    def test_is_below_the_limit_and_near_it(self):
        chance = random.Random(1)
        for _ in range(1000):
            limit = chance.uniform(1, 100)
            precision = chance.choice((0.5, 0.1, 0.01, 0.001))
            found, tried = self.search(limit, 60, 100, precision)
            self.assertLessEqual(found, limit)
            self.assertGreaterEqual(found, limit * (1 - precision) - 1e-9)
            self.assertIn(found, tried)

    def test_nothing_is_tried_that_is_known(self):
        _, tried = self.search(73, 60, 100, 0.001)
        best, worst = 0, 1000
        for value in tried:
            self.assertTrue(best < value < worst, tried)
            best, worst = (value, worst) if value <= 73 else (best, value)
        self.assertLess(len(tried), 14)

    def test_the_highest_of_all_ends_it(self):
        self.assertEqual(self.search(100, 60, 100, 0.01), (100, [100]))

    def test_nothing_passes(self):
        found, tried = self.search(0, 64, 100, 0.01)
        self.assertEqual(found, 0)
        self.assertLess(len(tried), 10)

    def test_a_trial_that_contradicts_itself_ends(self):
        chance = random.Random(2)
        for _ in range(100):
            found = highest(lambda value: chance.random() < 0.5, 60, 100, 0.01)
            self.assertTrue(0 <= found <= 100)


class Distributions(unittest.TestCase):
    def test_percentiles(self):
        pairs = [(value, 1) for value in range(1, 1001)]
        random.Random(3).shuffle(pairs)
        for share, due in ((0, 1), (0.5, 500), (0.99, 990), (0.999, 999), (1, 1000)):
            self.assertEqual(percentile(pairs, share), due)

    def test_of_nothing(self):
        self.assertIsNone(percentile([], 0.5))
        self.assertEqual(merge([]), [])

    def test_merged(self):
        self.assertEqual(merge([[(1, 2), (3, 4)], [(3, 5), (2, 1)]]), [(1, 2), (2, 1), (3, 9)])


if __name__ == "__main__":
    unittest.main()
