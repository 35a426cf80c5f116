/*
 * To be preloaded: logs every change of the files below a directory in the order of the calls, and ends the process
 * with SIGKILL after one of them, or in the middle of it.
 *
 * A record of the log is a struct record, the name of the call, its path, the second path of a rename, and the bytes
 * written.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct record {
    int64_t offset; /* of the bytes; of a truncation or an allocation the new size; of an open 1 if it truncated */
    int64_t size;   /* of the bytes */
    uint32_t name, path, target;
};

static char below[PATH_MAX];
static int log_descriptor = -1;
static long calls, last_call;
static int in_the_middle;
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

/* From now on log what changes below directory. */
void faults_watch(const char *directory, int descriptor) {
    snprintf(below, sizeof below, "%s/", directory);
    log_descriptor = descriptor;
}

/* End the process with that call from now on, or in the middle of it; 0 is never. */
void faults_end_with(long last, int halfway) {
    calls = 0;
    last_call = last;
    in_the_middle = halfway;
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static void put(const char *name, const char *path, const char *target, off_t offset, const void *bytes, size_t size) {
    struct record record = {offset, (int64_t)size, strlen(name), strlen(path), strlen(target)};
    struct iovec parts[] = {{&record, sizeof record}, {(void *)name, record.name}, {(void *)path, record.path},
                            {(void *)target, record.target}, {(void *)bytes, size}};
    size_t whole = sizeof record + record.name + record.path + record.target + size;
    if (syscall(SYS_writev, log_descriptor, parts, 5) != (long)whole) die();
}

/* A line of the log that is no change. */
void faults_mark(const char *text) { put("mark", text, "", 0, "", 0); }

static void done(const char *name, const char *path, const char *target, off_t offset, const void *bytes, size_t size) {
    int error = errno;
    put(name, path, target, offset, bytes, size);
    if (++calls == last_call) die();
    errno = error;
}

static int is_last_half(void) { return in_the_middle && calls + 1 == last_call; }

static int is_below(const char *path) { return log_descriptor >= 0 && strncmp(path, below, strlen(below)) == 0; }

/* The absolute path of an open file, in out; whether it is watched. */
static int path_of(int descriptor, char *out) {
    char link[64];
    int error = errno;
    ssize_t length;
    if (log_descriptor < 0 || descriptor == log_descriptor) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    length = readlink(link, out, PATH_MAX - 1);
    errno = error;
    if (length < 0) return 0;
    out[length] = 0;
    /* the watched directory itself is below as well: it is synced */
    return is_below(out) || (strlen(below) == (size_t)length + 1 && strncmp(out, below, length) == 0);
}

/* The absolute path of an entry, in out; whether it is watched. */
static int entry_of(int directory, const char *path, char *out) {
    size_t length;
    if (log_descriptor < 0) return 0;
    if (path[0] == '/' || directory == AT_FDCWD) {
        snprintf(out, PATH_MAX, "%s", path);
    } else {
        if (!path_of(directory, out)) return 0;
        length = strlen(out);
        snprintf(out + length, PATH_MAX - length, "/%s", path);
    }
    return is_below(out);
}

#define REAL(result, name, ...)                                     \
    static result (*real)(__VA_ARGS__);                             \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name)
#define ENTER() pthread_mutex_lock(&one_at_a_time)
#define LEAVE(result)                         \
    do {                                      \
        pthread_mutex_unlock(&one_at_a_time); \
        return result;                        \
    } while (0)

static int opened(const char *name, int (*real)(int, const char *, int, ...), int directory, const char *path,
                  int flags, mode_t mode) {
    char entry[PATH_MAX];
    struct stat status;
    int existed, descriptor;
    if (!(flags & (O_CREAT | O_TRUNC)) || !entry_of(directory, path, entry)) return real(directory, path, flags, mode);
    ENTER();
    existed = stat(entry, &status) == 0;
    descriptor = real(directory, path, flags, mode);
    if (descriptor >= 0 && (!existed || (flags & O_TRUNC))) done(name, entry, "", existed, "", 0);
    LEAVE(descriptor);
}

#define MODE(flags)                                          \
    mode_t mode = 0;                                         \
    if (flags & (O_CREAT | O_TMPFILE)) {                     \
        va_list more;                                        \
        va_start(more, flags);                               \
        mode = va_arg(more, mode_t);                         \
        va_end(more);                                        \
    }
#define OPEN(name)                                                                  \
    int name(const char *path, int flags, ...) {                                    \
        REAL(int, openat, int, const char *, int, ...);                             \
        MODE(flags)                                                                 \
        return opened("open", real, AT_FDCWD, path, flags, mode);                   \
    }
#define OPENAT(name)                                                                \
    int name(int directory, const char *path, int flags, ...) {                     \
        REAL(int, openat, int, const char *, int, ...);                             \
        MODE(flags)                                                                 \
        return opened("open", real, directory, path, flags, mode);                  \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

#define PWRITE(name)                                                                                  \
    ssize_t name(int descriptor, const void *bytes, size_t size, off_t offset) {                      \
        char path[PATH_MAX];                                                                          \
        ssize_t written;                                                                              \
        REAL(ssize_t, name, int, const void *, size_t, off_t);                                        \
        if (!path_of(descriptor, path)) return real(descriptor, bytes, size, offset);                 \
        ENTER();                                                                                      \
        written = real(descriptor, bytes, is_last_half() ? size / 2 : size, offset);                  \
        if (is_last_half()) die();                                                                    \
        if (written >= 0) done(#name, path, "", offset, bytes, written);                              \
        LEAVE(written);                                                                               \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

ssize_t write(int descriptor, const void *bytes, size_t size) {
    char path[PATH_MAX];
    ssize_t written;
    REAL(ssize_t, write, int, const void *, size_t);
    if (!path_of(descriptor, path)) return real(descriptor, bytes, size);
    ENTER();
    written = real(descriptor, bytes, is_last_half() ? size / 2 : size);
    if (is_last_half()) die();
    if (written >= 0) done("write", path, "", lseek(descriptor, 0, SEEK_CUR) - written, bytes, written);
    LEAVE(written);
}

/* A write of several parts is logged, and cut, part by part. */
ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    char path[PATH_MAX];
    ssize_t written = 0, each;
    REAL(ssize_t, writev, int, const struct iovec *, int);
    if (!path_of(descriptor, path)) return real(descriptor, parts, count);
    for (int i = 0; i < count; i++) {
        each = write(descriptor, parts[i].iov_base, parts[i].iov_len);
        if (each < 0) return written ? written : each;
        written += each;
        if ((size_t)each < parts[i].iov_len) break;
    }
    return written;
}

#define SIZE(name, PARAMETERS, ARGUMENTS, TYPES, failed, end)             \
    int name PARAMETERS {                                                 \
        char path[PATH_MAX];                                              \
        int result;                                                       \
        REAL(int, name, TYPES);                                           \
        if (!path_of(descriptor, path)) return real ARGUMENTS;            \
        ENTER();                                                          \
        result = real ARGUMENTS;                                          \
        if (!(failed)) done(#name, path, "", end, "", 0);                 \
        LEAVE(result);                                                    \
    }
#define COMMA ,
SIZE(ftruncate, (int descriptor, off_t size), (descriptor, size), int COMMA off_t, result, size)
SIZE(ftruncate64, (int descriptor, off_t size), (descriptor, size), int COMMA off_t, result, size)
SIZE(posix_fallocate, (int descriptor, off_t start, off_t size), (descriptor, start, size), int COMMA off_t COMMA off_t,
     result, start + size)
SIZE(posix_fallocate64, (int descriptor, off_t start, off_t size), (descriptor, start, size),
     int COMMA off_t COMMA off_t, result, start + size)
SIZE(fsync, (int descriptor), (descriptor), int, result, 0)
SIZE(fdatasync, (int descriptor), (descriptor), int, result, 0)

int renameat(int from, const char *path, int to, const char *target) {
    char source[PATH_MAX], destination[PATH_MAX];
    int result;
    REAL(int, renameat, int, const char *, int, const char *);
    if (!entry_of(from, path, source) | !entry_of(to, target, destination)) return real(from, path, to, target);
    ENTER();
    result = real(from, path, to, target);
    if (!result) done("rename", source, destination, 0, "", 0);
    LEAVE(result);
}

int rename(const char *path, const char *target) { return renameat(AT_FDCWD, path, AT_FDCWD, target); }

#define ENTRY(name, kind, TYPE)                                                         \
    int name(int directory, const char *path, TYPE argument) {                          \
        char entry[PATH_MAX];                                                           \
        int result;                                                                     \
        REAL(int, name, int, const char *, TYPE);                                       \
        if (!entry_of(directory, path, entry)) return real(directory, path, argument);  \
        ENTER();                                                                        \
        result = real(directory, path, argument);                                       \
        if (!result) done(kind, entry, "", 0, "", 0);                                   \
        LEAVE(result);                                                                  \
    }
ENTRY(unlinkat, "unlink", int)
ENTRY(mkdirat, "mkdir", mode_t)

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }

int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
