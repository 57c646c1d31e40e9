/* issue_time.c - points in time as people write and read them. */
#include "base/base.h"
#include "issue.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Days since 1970 of a civil date, years beginning in March. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t era, in_era, in_year;

    year -= month <= 2;
    era = (year >= 0 ? year : year - 399) / 400;
    in_era = year - era * 400;
    in_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year -
           719468;
}

static bool read_date(const char *text, int64_t *out)
{
    static const int lengths[] = { 31, 29, 31, 30, 31, 30,
                                   31, 31, 30, 31, 30, 31 };
    int year, month, day, hour = 0, minute = 0, second = 0, used = 0;

    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3 ||
        used != 10 || year < 1950 || month < 1 || month > 12 || day < 1 ||
        day > lengths[month - 1])
        return false;
    if (month == 2 && day == 29 &&
        (year % 4 || (year % 100 == 0 && year % 400)))
        return false;
    text += used;
    if (*text == 'T' || *text == ' ') {
        used = 0;
        if (sscanf(text + 1, "%2d:%2d:%2d%n", &hour, &minute, &second, &used) !=
                3 ||
            hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
            second > 59)
            return false;
        text += 1 + used;
        if (*text == 'Z' || strcmp(text, " UTC") == 0)
            text += strlen(text) == 1 ? 1 : 4;
    }
    if (*text)
        return false;
    *out = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 +
           second;
    return true;
}

static bool read_number(const char *text, const char **end, int64_t *out)
{
    int64_t value = 0;

    for (*end = text; **end >= '0' && **end <= '9'; ++*end) {
        if (value > INT64_C(100000000000))
            return false;
        value = value * 10 + (**end - '0');
    }
    *out = value;
    return *end != text;
}

static bool read_offset(const char *text, int64_t now, int64_t *out)
{
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = { { 's', 1 },     { 'm', 60 },     { 'h', 3600 },
                  { 'd', 86400 }, { 'w', 604800 }, { 'y', 31557600 } };
    const char *end;
    int64_t value;

    if (!read_number(text + 1, &end, &value))
        return false;
    for (size_t i = 0; i < HF_COUNT(units); i++) {
        if (*end != units[i].letter || end[1])
            continue;
        if (value > INT64_C(400) * 31557600 / units[i].seconds)
            return false;
        value *= units[i].seconds;
        *out = *text == '-' ? now - value : now + value;
        return true;
    }
    return false;
}

bool when_read(const char *text, int64_t now, int64_t *out)
{
    const char *end;

    if (strcmp(text, "now") == 0) {
        *out = now;
        return true;
    }
    if (*text == '@')
        return read_number(text + 1, &end, out) && !*end;
    if (*text == '+' || *text == '-')
        return read_offset(text, now, out);
    return read_date(text, out);
}

void when_text(int64_t at, int64_t now, char *out, size_t cap)
{
    static const struct {
        int64_t seconds;
        const char *one, *many;
    } units[] = { { 31557600, "year", "years" },
                  { 86400, "day", "days" },
                  { 3600, "hour", "hours" },
                  { 60, "minute", "minutes" },
                  { 1, "second", "seconds" } };
    int64_t away = at >= now ? at - now : now - at, n;
    size_t i = 0;

    if (at == now) {
        snprintf(out, cap, "now");
        return;
    }
    /* Two of a unit before it is used: "in 400 days", not "in 1 year". */
    while (i + 1 < HF_COUNT(units) && away < 2 * units[i].seconds)
        i++;
    n = away / units[i].seconds;
    snprintf(out, cap, at > now ? "in %lld %s" : "%lld %s ago", (long long)n,
             n == 1 ? units[i].one : units[i].many);
}

void when_day(int64_t at, char *out, size_t cap)
{
    static const char *const months[] = { "January", "February", "March",
                                          "April",   "May",      "June",
                                          "July",    "August",   "September",
                                          "October", "November", "December" };
    char text[40];
    int year, month, day;

    hf_time_text(text, sizeof(text), at);
    if (sscanf(text, "%9d-%2d-%2d", &year, &month, &day) == 3 && month >= 1 &&
        month <= 12)
        snprintf(out, cap, "%d %s %d", day, months[month - 1], year);
    else
        snprintf(out, cap, "%s", text);
}
