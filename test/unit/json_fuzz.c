/*
 * json_fuzz.c - Is the page scanner's fuzz target quiet for a few seconds?
 *
 * The target as a loop over seeded mutations, so that every test run has some.
 */
#include "../fuzz/page_fuzz.c"
