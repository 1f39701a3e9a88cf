/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Links all beds together, which no suite does: two that give one name to different things are an
 * error here, not a suite that silently gets the other's.
 */
int main(void)
{
	return 0;
}
