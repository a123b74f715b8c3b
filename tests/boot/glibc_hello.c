// SPDX-License-Identifier: MIT
//
// Compiled by a foreign compiler against glibc, not by our build: an ordinary Linux program. It forks, the
// child writes a file and changes memory it shares copy-on-write, the parent waits and reads the file back.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int fail(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    return 1;
}

int main(int argc, char **argv)
{
    const char *path = "/tmp/from-child";
    char *memory = malloc(1 << 20);
    if (!memory)
        return fail("malloc");
    strcpy(memory, "parent's");
    printf("hello from glibc, %d arguments, first %s\n", argc, argv[0]);
    fflush(stdout);

    pid_t child = fork();
    if (child < 0)
        return fail("fork");
    if (child == 0) {
        strcpy(memory, "child's");
        FILE *file = fopen(path, "w");
        if (!file || fprintf(file, "%s %.3f\n", memory, 22 / 7.0) < 0 || fclose(file))
            _exit(fail("child"));
        _exit(7);
    }
    int status;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return fail("waitpid");

    char text[64] = "";
    int fd = open(path, O_RDONLY);
    if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
        return fail("read");
    close(fd);
    printf("child %d, file: %smemory: %s\n", WEXITSTATUS(status), text, memory);
    return strcmp(text, "child's 3.143\n") || strcmp(memory, "parent's") ? 1 : 0;
}
