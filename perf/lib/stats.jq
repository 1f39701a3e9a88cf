# SPDX-License-Identifier: BSD-3-Clause
# Numbers out of samples, the same for every verb.

def median: sort | if length == 0 then null elif length % 2 == 1 then .[length / 2 | floor]
	else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def mean: add / length;

# The range over the mean.
def spread: if length == 0 or mean == 0 then 0 else (max - min) / mean end;

# quantile(0.99): of samples, the one that so many are below.
def quantile(q): sort | if length == 0 then null else .[[length * q | floor, length - 1] | min] end;

# Turn by turn, A B A B: what disturbs a turn disturbs the one beside it. The median of the ratios of
# each turn of $of to the turn of $to at its side, null without any.
def pair_ratio($of; $to): [range([($of | length), ($to | length)] | min)
	| select($to[.] != 0) | $of[.] / $to[.]] | median;

def rounded($digits): if type == "number" then . * pow(10; $digits) | round / pow(10; $digits) else . end;
