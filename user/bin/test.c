// SPDX-License-Identifier: MIT
// test EXPRESSION: see sh/test.c, which the shell has built in.
int test_command(int argc, char **argv);

int main(int argc, char **argv)
{
    return test_command(argc, argv);
}
