// SPDX-License-Identifier: MIT
// mkdir [-p] PATH...: makes directories; -p also those above, and existing ones are no error.
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    bool parents = false;
    int failed = 0;
    struct stat status;
    for (int letter; (letter = getopt(argc, argv, "p")) != -1;) {
        if (letter == '?')
            return 2;
        parents = true;
    }
    for (int i = optind; i < argc; i++) {
        for (char *slash = argv[i]; parents && (slash = strchr(slash + 1, '/')); *slash = '/') {
            *slash = '\0';
            mkdir(argv[i], 0777); // if this fails, so does the last one, which is reported
        }
        if (mkdir(argv[i], 0777) < 0 &&
            !(parents && errno == EEXIST && stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode))) {
            warn("%s", argv[i]);
            failed = 1;
        }
    }
    return failed;
}
