/* replay.c - runs a fuzz target on files: replay_NAME FILE-OR-FOLDER...
 *
 * Speaks TAP, as one test; before each file comes a line with its name, so if
 * it breaks, the last line tells on what.  Each input is copied to memory of its own
 * size, so that a sanitizer or valgrind sees a step past its end. */
#include "fuzz.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static unsigned count;

/* The bytes of a file in memory that fits exactly; NULL if it cannot be read. */
static uint8_t *load(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    struct stat about;

    if (!file)
        return NULL;
    if (stat(path, &about) == 0 && about.st_size >= 0) {
        *len = (size_t)about.st_size;
        bytes = malloc(*len ? *len : 1);
        if (bytes && fread(bytes, 1, *len, file) != *len) {
            free(bytes);
            bytes = NULL;
        }
    }
    fclose(file);
    return bytes;
}

static bool replay(const char *path)
{
    size_t len = 0;
    uint8_t *bytes = load(path, &len);

    printf("# %s\n", path);
    fflush(stdout);
    if (!bytes) {
        printf("# cannot be read\n");
        return false;
    }
    LLVMFuzzerTestOneInput(bytes, len);
    free(bytes);
    count++;
    return true;
}

static bool replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    bool ok = true;

    if (!folder)
        return replay(path);
    while ((entry = readdir(folder))) {
        char name[4096];
        int n = snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);

        if (entry->d_name[0] == '.' || n < 0 || (size_t)n >= sizeof(name))
            continue;
        ok &= replay(name);
    }
    closedir(folder);
    return ok;
}

int main(int argc, char **argv)
{
    bool ok = true;

    for (int i = 1; i < argc; i++)
        ok &= replay_folder(argv[i]);
    printf("%s 1 - %u inputs\n1..1\n", ok && count ? "ok" : "not ok", count);
    return ok && count ? 0 : 1;
}
