#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# subnet.env cannot be written at first: the status says so, traffic flows, and once it can be
# written it is.
. "$(dirname "$0")/lib.sh"

warned() {
	ctl a status | jq -e '.warnings | any(test("place/subnet.env was not written"))'
}

lab_up
host_add a ovnet
: >"$LAB_DIR/a/place" # a file where a directory has to be
ovnetd_start a --subnet-file="$LAB_DIR/a/place/subnet.env"
within 10 "the status says so" warned
expect "it holds its lease" [ "$(ctl a status | jq -r .state)" = running ]
rm "$LAB_DIR/a/place"
mkdir "$LAB_DIR/a/place"
within 20 "the file is written" test -s "$LAB_DIR/a/place/subnet.env"
equal "warnings" 0 "$(ctl a status | jq '[.warnings[] | select(test("subnet"))] | length')"
