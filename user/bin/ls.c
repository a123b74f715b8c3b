// SPDX-License-Identifier: MIT
// ls [-alid1] [PATH...]: what a directory holds; -l with type, rights, links, owner, size, time; -i with
// inode numbers; -a with names that begin with a dot; -d the directory itself.
#include <dirent.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool all, details, inodes, itself;

static int show(const char *path, const char *name)
{
    static const char types[] = "?pc?d?b?-?l?s???", rights[] = "rwxrwxrwx";
    struct stat status;
    char mode[11], target[256], when[20];
    if (lstat(path, &status) < 0) {
        warn("%s", path);
        return 1;
    }
    if (inodes)
        printf("%7lu ", status.st_ino);
    if (!details) {
        puts(name);
        return 0;
    }
    mode[0] = types[status.st_mode >> 12 & 15];
    for (int i = 0; i < 9; i++)
        mode[i + 1] = status.st_mode >> (8 - i) & 1 ? rights[i] : '-';
    mode[10] = '\0';
    strftime(when, sizeof when, "%Y-%m-%d %H:%M", gmtime(&status.st_mtim.tv_sec));
    printf("%s %3u %4u %4u ", mode, status.st_nlink, status.st_uid, status.st_gid);
    if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))
        printf("%4lu,%4lu", status.st_rdev >> 8 & 0xfff, status.st_rdev & 0xff);
    else
        printf("%9ld", status.st_size);
    printf(" %s %s", when, name);
    ssize_t length = S_ISLNK(status.st_mode) ? readlink(path, target, sizeof target) : 0;
    printf(length > 0 ? " -> %.*s\n" : "\n", (int)length, target);
    return 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list(const char *path, bool heading)
{
    struct stat status;
    struct dirent *entry;
    char **names = NULL, *inside;
    size_t count = 0;
    int failed = 0;
    if (lstat(path, &status) < 0) {
        warn("%s", path);
        return 1;
    }
    if (itself ||
        !(S_ISDIR(status.st_mode) || (!details && stat(path, &status) == 0 && S_ISDIR(status.st_mode)))) {
        return show(path, path);
    }
    DIR *dir = opendir(path);
    if (!dir) {
        warn("%s", path);
        return 1;
    }
    if (heading)
        printf("%s:\n", path);
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.' && !all)
            continue;
        if (!(names = realloc(names, (count + 1) * sizeof *names)) ||
            !(names[count++] = strdup(entry->d_name)))
            err(1, "%s", path);
    }
    closedir(dir);
    qsort(names, count, sizeof *names, compare);
    for (size_t i = 0; i < count; i++) {
        if (!(inside = malloc(strlen(path) + strlen(names[i]) + 2)))
            err(1, "%s", path);
        failed |= show(strcat(strcat(strcpy(inside, path), "/"), names[i]), names[i]);
        free(inside);
        free(names[i]);
    }
    free(names);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int letter; (letter = getopt(argc, argv, "alid1")) != -1;) {
        if (letter == '?')
            return 2;
        all |= letter == 'a';
        details |= letter == 'l';
        inodes |= letter == 'i';
        itself |= letter == 'd';
    }
    if (optind == argc)
        return finish(list(".", false), 1);
    for (int i = optind; i < argc; i++)
        failed |= list(argv[i], argc - optind > 1);
    return finish(failed, 1);
}
