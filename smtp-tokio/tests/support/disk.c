/* A disk that fails, or that remembers what is on it for good: put between a program and the system
   by LD_PRELOAD.

   With FSYNC_FAILS=1, one fsync in four is EIO, but for the first two. With FSYNC_NOTES=folder, that
   folder has a file for each name that a cut of power would have left, with the size in it: for what
   was synced, and lay in a folder that was synced after that. */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void note(const char *notes, int fd)
{
    struct stat stat;
    char synced[4096], lasting[4096];
    if (fstat(fd, &stat) != 0)
        return;
    if (S_ISREG(stat.st_mode)) {
        snprintf(synced, sizeof synced, "%s/%lu", notes, (unsigned long)stat.st_ino);
        int file = open(synced, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dprintf(file, "%lld", (long long)stat.st_size);
        close(file);
        return;
    }
    snprintf(synced, sizeof synced, "/proc/self/fd/%d", fd);
    DIR *folder = opendir(synced);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        snprintf(synced, sizeof synced, "%s/%lu", notes, (unsigned long)entry->d_ino);
        snprintf(lasting, sizeof lasting, "%s/%s", notes, entry->d_name);
        rename(synced, lasting);
    }
    if (folder)
        closedir(folder);
}

int fsync(int fd)
{
    static atomic_int calls;
    if (getenv("FSYNC_FAILS") && atomic_fetch_add(&calls, 1) >= 2 && random() % 4 == 0) {
        errno = EIO;
        return -1;
    }
    int result = syscall(SYS_fsync, fd);
    const char *notes = getenv("FSYNC_NOTES");
    if (result == 0 && notes)
        note(notes, fd);
    return result;
}

int fdatasync(int fd)
{
    return fsync(fd);
}
