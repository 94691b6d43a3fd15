/* Burns PLANTED_US microseconds of CPU at each sync of the disk, in whatever program this library is preloaded into.
 *
 * `cargo xtask bench --guard --planted 2000` builds it and shows with it that the guard notices a slower server. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void burn(void) {
    const char *text = getenv("PLANTED_US");
    long long us = text ? atoll(text) : 0;
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    long long end = now.tv_sec * 1000000000LL + now.tv_nsec + us * 1000;
    do {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while (now.tv_sec * 1000000000LL + now.tv_nsec < end);
}

int fdatasync(int descriptor) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    burn();
    return real(descriptor);
}

int fsync(int descriptor) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    burn();
    return real(descriptor);
}
