/* Functions that CPython and its extension modules use, for a program that is linked against an older glibc.
 *
 * Objects that were compiled beside a newer glibc name them, and so do extension modules whose symbol versions the builder
 * lowers (packer/src/data/lowered_symbols.toml): both find them in the program. GLIBC_MINOR is the version that
 * is asked for, `28` of 2.28; each function says which version brought it. No header declares them here: the headers'
 * own forms differ between versions. */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A function that has another name in C than the program exports it by. */
#define EXPORT(name, alias, parameters, call) \
    int alias parameters __asm__(name); \
    int alias parameters { return call; }

#if GLIBC_MINOR < 30
/* 2.30. An older glibc waits by the wall clock alone: the time that is left is counted from now. */
extern int sem_timedwait(void *semaphore, const struct timespec *until);

int sem_clockwait(void *semaphore, clockid_t clock, const struct timespec *until)
{
    struct timespec now, wall;
    if (clock == CLOCK_REALTIME)
        return sem_timedwait(semaphore, until);
    if (clock_gettime(clock, &now) != 0 || clock_gettime(CLOCK_REALTIME, &wall) != 0)
        return -1;
    wall.tv_sec += until->tv_sec - now.tv_sec;
    wall.tv_nsec += until->tv_nsec - now.tv_nsec;
    while (wall.tv_nsec < 0) {
        wall.tv_nsec += 1000000000;
        wall.tv_sec -= 1;
    }
    while (wall.tv_nsec >= 1000000000) {
        wall.tv_nsec -= 1000000000;
        wall.tv_sec += 1;
    }
    return sem_timedwait(semaphore, &wall);
}
#endif

#if GLIBC_MINOR < 33
/* 2.33. Before, the headers made calls of these out of the names (bits/stat.h, _STAT_VER and _MKNOD_VER). */
#if defined(__x86_64__)
#define STAT_VERSION 1
#else
#define STAT_VERSION 0
#endif
extern int __xstat(int version, const char *path, void *found);
extern int __fxstat(int version, int descriptor, void *found);
extern int __lxstat(int version, const char *path, void *found);
extern int __fxstatat(int version, int folder, const char *path, void *found, int flags);
extern int __xmknod(int version, const char *path, mode_t mode, dev_t *device);
extern int __xmknodat(int version, int folder, const char *path, mode_t mode, dev_t *device);

/* On 64-bit systems the names with 64 are the same functions. */
EXPORT("stat", older_stat, (const char *path, void *found), __xstat(STAT_VERSION, path, found))
EXPORT("stat64", older_stat64, (const char *path, void *found), __xstat(STAT_VERSION, path, found))
EXPORT("lstat", older_lstat, (const char *path, void *found), __lxstat(STAT_VERSION, path, found))
EXPORT("lstat64", older_lstat64, (const char *path, void *found), __lxstat(STAT_VERSION, path, found))
EXPORT("fstat", older_fstat, (int descriptor, void *found), __fxstat(STAT_VERSION, descriptor, found))
EXPORT("fstat64", older_fstat64, (int descriptor, void *found), __fxstat(STAT_VERSION, descriptor, found))
EXPORT("fstatat", older_fstatat, (int folder, const char *path, void *found, int flags),
       __fxstatat(STAT_VERSION, folder, path, found, flags))
EXPORT("fstatat64", older_fstatat64, (int folder, const char *path, void *found, int flags),
       __fxstatat(STAT_VERSION, folder, path, found, flags))
EXPORT("mknod", older_mknod, (const char *path, mode_t mode, dev_t device), __xmknod(0, path, mode, &device))
EXPORT("mknodat", older_mknodat, (int folder, const char *path, mode_t mode, dev_t device),
       __xmknodat(0, folder, path, mode, &device))
#endif

#if GLIBC_MINOR < 34
#ifndef SYS_close_range
#define SYS_close_range 436 /* the same number on every architecture (Linux 5.9) */
#endif
/* 2.34, as is all to the end of this part. Where the kernel has no such call, callers have a way of their own. */
int older_close_range(unsigned first, unsigned last, int flags) __asm__("close_range");
int older_close_range(unsigned first, unsigned last, int flags)
{
    return (int)syscall(SYS_close_range, first, last, flags);
}

static int one_more_than_any(void)
{
    long limit = sysconf(_SC_OPEN_MAX);
    return limit < 0 || limit > 65536 ? 65536 : (int)limit;
}

void older_closefrom(int lowest) __asm__("closefrom");
void older_closefrom(int lowest)
{
    if (lowest < 0)
        lowest = 0;
    if (older_close_range((unsigned)lowest, ~0U, 0) == 0)
        return;
    for (int descriptor = lowest; descriptor < one_more_than_any(); descriptor++)
        close(descriptor);
}

/* An older glibc has no such action, but one for each descriptor; closing one that is not open is no error to it. */
int older_addclosefrom(posix_spawn_file_actions_t *actions, int lowest)
    __asm__("posix_spawn_file_actions_addclosefrom_np");
int older_addclosefrom(posix_spawn_file_actions_t *actions, int lowest)
{
    if (lowest < 0)
        return EBADF;
    DIR *open_ones = opendir("/proc/self/fd");
    int error = 0;
    if (open_ones == NULL) {
        for (int descriptor = lowest; descriptor < one_more_than_any() && error == 0; descriptor++)
            error = posix_spawn_file_actions_addclose(actions, descriptor);
        return error;
    }
    struct dirent *entry;
    while (error == 0 && (entry = readdir(open_ones)) != NULL) {
        int descriptor = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && descriptor >= lowest && descriptor != dirfd(open_ones))
            error = posix_spawn_file_actions_addclose(actions, descriptor);
    }
    closedir(open_ones);
    return error;
}

/* The resolver's functions had names with underscores, which its header put in place of these (resolv.h). */
struct __res_state;
extern int __res_nsearch(struct __res_state *, const char *, int, int, unsigned char *, int);
extern int __res_nquery(struct __res_state *, const char *, int, int, unsigned char *, int);
extern int __res_nsend(struct __res_state *, const unsigned char *, int, unsigned char *, int);
extern int __res_nmkquery(struct __res_state *, int, const char *, int, int, const unsigned char *, int, const unsigned char *,
                          unsigned char *, int);
extern int __res_search(const char *, int, int, unsigned char *, int);
extern int __res_query(const char *, int, int, unsigned char *, int);
extern int __dn_expand(const unsigned char *, const unsigned char *, const unsigned char *, char *, int);
extern int __dn_comp(const char *, unsigned char *, int, unsigned char **, unsigned char **);
extern int __dn_skipname(const unsigned char *, const unsigned char *);

EXPORT("res_nsearch", older_res_nsearch,
       (struct __res_state *state, const char *name, int class, int type, unsigned char *answer, int length),
       __res_nsearch(state, name, class, type, answer, length))
EXPORT("res_nquery", older_res_nquery,
       (struct __res_state *state, const char *name, int class, int type, unsigned char *answer, int length),
       __res_nquery(state, name, class, type, answer, length))
EXPORT("res_nsend", older_res_nsend,
       (struct __res_state *state, const unsigned char *message, int size, unsigned char *answer, int length),
       __res_nsend(state, message, size, answer, length))
EXPORT("res_nmkquery", older_res_nmkquery,
       (struct __res_state *state, int operation, const char *name, int class, int type, const unsigned char *data, int size,
        const unsigned char *record, unsigned char *message, int length),
       __res_nmkquery(state, operation, name, class, type, data, size, record, message, length))
EXPORT("res_search", older_res_search, (const char *name, int class, int type, unsigned char *answer, int length),
       __res_search(name, class, type, answer, length))
EXPORT("res_query", older_res_query, (const char *name, int class, int type, unsigned char *answer, int length),
       __res_query(name, class, type, answer, length))
EXPORT("dn_expand", older_dn_expand,
       (const unsigned char *message, const unsigned char *end, const unsigned char *from, char *to, int length),
       __dn_expand(message, end, from, to, length))
EXPORT("dn_comp", older_dn_comp,
       (const char *name, unsigned char *to, int length, unsigned char **names, unsigned char **last),
       __dn_comp(name, to, length, names, last))
EXPORT("dn_skipname", older_dn_skipname, (const unsigned char *from, const unsigned char *end), __dn_skipname(from, end))

/* Keeps librt among the libraries that the program needs: before 2.34 extension modules find shm_open there. */
extern int shm_open(const char *, int, mode_t);
__attribute__((used)) int (*const older_glibc_keeps_librt)(const char *, int, mode_t) = shm_open;
#endif

#if GLIBC_MINOR < 36
/* 2.36: random bytes of the kernel, or no return. */
void older_arc4random_buf(void *buffer, size_t length) __asm__("arc4random_buf");
void older_arc4random_buf(void *buffer, size_t length)
{
    char *place = buffer;
    int device = -1;
    while (length > 0) {
        ssize_t got = -1;
        if (device < 0)
            got = syscall(SYS_getrandom, place, length > 256 ? 256 : length, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            if (device < 0)
                device = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
            got = device < 0 ? -1 : read(device, place, length);
            if (got < 0 && errno == EINTR)
                continue;
            if (got <= 0)
                abort();
        }
        place += got;
        length -= (size_t)got;
    }
    if (device >= 0)
        close(device);
}
#endif

#if GLIBC_MINOR < 36
/* 2.36. */
unsigned older_arc4random(void) __asm__("arc4random");
unsigned older_arc4random(void)
{
    unsigned number;
    older_arc4random_buf(&number, sizeof number);
    return number;
}
#endif

#if GLIBC_MINOR < 35
/* 2.35: where the tables for unwinding of a place in the program lie (dlfcn.h); libgcc_s asks for it. */
#include <link.h>

struct older_found {
    unsigned long long flags;
    void *start;
    void *end;
    void *link_map;
    void *frames;
    unsigned long long reserved[7];
};

struct older_question {
    ElfW(Addr) place;
    struct older_found *found;
};

static int older_look(struct dl_phdr_info *object, size_t size, void *data)
{
    struct older_question *question = data;
    ElfW(Addr) start = ~(ElfW(Addr))0, end = 0;
    void *frames = NULL;
    int is_inside = 0;
    (void)size;
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[index];
        ElfW(Addr) from = object->dlpi_addr + part->p_vaddr;
        if (part->p_type == PT_LOAD) {
            start = from < start ? from : start;
            end = from + part->p_memsz > end ? from + part->p_memsz : end;
            is_inside |= question->place >= from && question->place < from + part->p_memsz;
        } else if (part->p_type == PT_GNU_EH_FRAME) {
            frames = (void *)from;
        }
    }
    if (!is_inside || frames == NULL)
        return 0;
    *question->found = (struct older_found){.start = (void *)start, .end = (void *)end, .frames = frames};
    return 1;
}

int older_dl_find_object(void *place, struct older_found *found) __asm__("_dl_find_object");
int older_dl_find_object(void *place, struct older_found *found)
{
    struct older_question question = {(ElfW(Addr))place, found};
    return dl_iterate_phdr(older_look, &question) == 1 ? 0 : -1;
}
#endif

#if GLIBC_MINOR < 32
/* 2.32: whether there is one thread only; who is told that there may be more is right, and a little slower. */
char older_single_threaded __asm__("__libc_single_threaded") = 0;
#endif

#if GLIBC_MINOR < 30
/* 2.30. */
pid_t older_gettid(void) __asm__("gettid");
pid_t older_gettid(void)
{
    return (pid_t)syscall(SYS_gettid);
}
#endif
