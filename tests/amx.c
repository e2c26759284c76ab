#define _GNU_SOURCE /* REG_RIP and its like */
#include "amx.h"

#if defined(__x86_64__) && defined(__linux__)

#include <cpuid.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

/* Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2 (VEX prefix, ModR/M and SIB bytes, the
 * instructions) and volume 1, chapter 18 (tiles and their configuration). */
enum { TILES = 8, ROWS = 16, ROW_BYTES = 64, CONFIGURATION = 64 };

/* What a thread has in its tiles. */
static _Thread_local struct {
    uint8_t palette; /* 0: no tiles are configured */
    uint8_t rows[TILES];
    uint16_t row_bytes[TILES];
    uint8_t values[TILES][ROWS][ROW_BYTES];
} unit;

static atomic_size_t instructions;
static struct sigaction before;

struct instruction {
    uint8_t prefix; /* 0: none, 1: 66, 2: F3, 3: F2 */
    uint8_t code;
    bool has_memory, has_sib;
    uint8_t reg, rm, vvvv;
    uint8_t *address; /* of memory, without the index */
    int64_t stride;   /* index times scale */
    const uint8_t *next;
};

static int64_t register_of(const ucontext_t *context, unsigned number) {
    static const int places[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                 REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    return context->uc_mcontext.gregs[places[number]];
}

/* The operand in memory behind the ModR/M byte; `x` and `b` are the fourth bits of index and base. */
static void decode_memory(struct instruction *i, const ucontext_t *context, uint8_t mod, unsigned x,
                          unsigned b) {
    enum { SIB = 4, NO_BASE = 5, NO_INDEX = 4 };
    unsigned base = i->rm;
    i->has_sib = i->rm == SIB;
    if (i->has_sib) {
        uint8_t sib = *i->next++;
        unsigned index = (sib >> 3 & 7) | x << 3;
        base = sib & 7;
        i->stride = index == NO_INDEX ? 0 : register_of(context, index) * (1 << (sib >> 6));
    }
    int64_t address = 0;
    bool is_relative = mod == 0 && i->rm == NO_BASE, has_base = mod != 0 || base != NO_BASE;
    if (has_base)
        address = register_of(context, base | b << 3);
    if (mod == 1)
        address += (int8_t)*i->next++;
    if (mod == 2 || !has_base) {
        int32_t displacement;
        memcpy(&displacement, i->next, sizeof displacement);
        i->next += sizeof displacement;
        address += displacement;
    }
    if (is_relative)
        address += (int64_t)(uintptr_t)i->next;
    i->address = (uint8_t *)(uintptr_t)address;
}

/* Instructions with a VEX prefix of three bytes, of the map 0F38, with W and L of 0: tiles have no others. */
static bool decode(struct instruction *i, const ucontext_t *context) {
    enum { VEX = 0xc4, MAP_0F38 = 2, W_AND_L = 0x84 };
    const uint8_t *at = (const uint8_t *)(uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    if (at[0] != VEX || (at[1] & 0x1f) != MAP_0F38 || (at[2] & W_AND_L) != 0)
        return false;
    uint8_t modrm = at[4];
    *i = (struct instruction){
        .prefix = at[2] & 3,
        .code = at[3],
        .has_memory = modrm >> 6 != 3,
        .reg = modrm >> 3 & 7,
        .rm = modrm & 7,
        .vvvv = ~at[2] >> 3 & 15,
        .next = at + 5,
    };
    if (i->has_memory)
        decode_memory(i, context, modrm >> 6, !(at[1] & 0x40), !(at[1] & 0x20));
    return true;
}

static bool are_zero(const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* A palette, the row to begin with, and from bytes 16 and 48 on the sizes of tiles; what lies between is 0. Palette 0 gives
 * the tiles back. */
static bool configure(const uint8_t from[CONFIGURATION]) {
    memset(&unit, 0, sizeof unit);
    if (from[0] == 0)
        return true;
    memcpy(unit.row_bytes, from + 16, sizeof unit.row_bytes);
    memcpy(unit.rows, from + 48, sizeof unit.rows);
    for (size_t i = 0; i < TILES; i++)
        if (unit.rows[i] > ROWS || unit.row_bytes[i] > ROW_BYTES ||
            (unit.rows[i] == 0) != (unit.row_bytes[i] == 0))
            return false;
    unit.palette = from[0];
    return unit.palette == 1 && are_zero(from + 1, 15) && are_zero(from + 32, 16) && are_zero(from + 56, 8);
}

static bool is_there(uint8_t tile) {
    return unit.palette == 1 && unit.rows[tile] != 0;
}

static void load(uint8_t tile, const uint8_t *from, int64_t stride) {
    memset(unit.values[tile], 0, sizeof unit.values[tile]);
    for (size_t row = 0; row < unit.rows[tile]; row++, from += stride)
        memcpy(unit.values[tile][row], from, unit.row_bytes[tile]);
}

static void store(uint8_t tile, uint8_t *to, int64_t stride) {
    for (size_t row = 0; row < unit.rows[tile]; row++, to += stride)
        memcpy(to, unit.values[tile][row], unit.row_bytes[tile]);
}

static float bfloat16_of(uint8_t tile, size_t row, size_t column) {
    uint16_t bits;
    memcpy(&bits, unit.values[tile][row] + column * sizeof bits, sizeof bits);
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

/* Whether the sizes of tiles go together, and no tile is used twice. */
static bool fit(uint8_t sums, uint8_t a, uint8_t b) {
    return is_there(sums) && is_there(a) && is_there(b) && sums != a && sums != b && a != b &&
           unit.rows[a] == unit.rows[sums] && unit.row_bytes[b] == unit.row_bytes[sums] &&
           unit.rows[b] * sizeof(float) == unit.row_bytes[a] && unit.row_bytes[sums] % sizeof(float) == 0;
}

/* TDPBF16PS: sums of even terms and of odd ones by themselves, then both together to what was there. A processor would take
 * denormals for zero. */
static bool multiply(uint8_t sums, uint8_t a, uint8_t b) {
    size_t columns = unit.row_bytes[sums] / sizeof(float), pairs = unit.row_bytes[a] / sizeof(float);
    if (!fit(sums, a, b))
        return false;
    for (size_t row = 0; row < unit.rows[sums]; row++)
        for (size_t column = 0; column < columns; column++) {
            float even = 0, odd = 0, sum;
            for (size_t k = 0; k < pairs; k++) {
                even += bfloat16_of(a, row, 2 * k) * bfloat16_of(b, k, 2 * column);
                odd += bfloat16_of(a, row, 2 * k + 1) * bfloat16_of(b, k, 2 * column + 1);
            }
            uint8_t *place = unit.values[sums][row] + column * sizeof sum;
            memcpy(&sum, place, sizeof sum);
            sum += even + odd;
            memcpy(place, &sum, sizeof sum);
        }
    return true;
}

/* False for what a processor would refuse too. */
static bool run(const struct instruction *i) {
    enum { CONFIGURE = 0x49, MOVE = 0x4b, MULTIPLY = 0x5c, NONE = 0, F3 = 2, F2 = 3 };
    if (i->code == MULTIPLY)
        return i->prefix == F3 && !i->has_memory && i->vvvv < TILES && multiply(i->reg, i->rm, i->vvvv);
    if (i->vvvv != 0)
        return false;
    if (i->code == CONFIGURE && i->prefix == NONE && i->reg == 0 && i->has_memory)
        return configure(i->address);
    if (i->code == CONFIGURE && i->prefix == NONE && i->reg == 0 && i->rm == 0) { /* TILERELEASE */
        memset(&unit, 0, sizeof unit);
        return true;
    }
    if (!is_there(i->reg))
        return false;
    if (i->code == CONFIGURE && i->prefix == F2 && !i->has_memory && i->rm == 0) /* TILEZERO */
        memset(unit.values[i->reg], 0, sizeof unit.values[i->reg]);
    else if (i->code == MOVE && i->prefix == F2 && i->has_sib)
        load(i->reg, i->address, i->stride);
    else if (i->code == MOVE && i->prefix == F3 && i->has_sib)
        store(i->reg, i->address, i->stride);
    else
        return false;
    return true;
}

static void refused(int number, siginfo_t *info, void *of) {
    (void)info;
    ucontext_t *context = of;
    struct instruction i;
    if (decode(&i, context) && run(&i)) {
        context->uc_mcontext.gregs[REG_RIP] = (int64_t)(uintptr_t)i.next;
        atomic_fetch_add(&instructions, 1);
    } else {
        sigaction(number, &before, NULL); /* what comes of it when it is tried again */
    }
}

/* The processor has tiles, and the system saves them. */
static bool has_amx(void) {
    enum { OSXSAVE = 1 << 27, AMX_TILE = 1 << 24, TILES_SAVED = 3 << 17 };
    unsigned a, b, c = 0, d = 0, saved, rest;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & OSXSAVE) == 0 ||
        __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0)
        return false;
    __asm__("xgetbv" : "=a"(saved), "=d"(rest) : "c"(0));
    return (d & AMX_TILE) != 0 && (saved & TILES_SAVED) == TILES_SAVED;
}

bool amx_start(void) {
    if (has_amx())
        return false;
    struct sigaction action = {.sa_sigaction = refused, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    atomic_store(&instructions, 0);
    return sigaction(SIGILL, &action, &before) == 0;
}

size_t amx_stop(void) {
    sigaction(SIGILL, &before, NULL);
    return atomic_load(&instructions);
}

#else

bool amx_start(void) {
    return false;
}

size_t amx_stop(void) {
    return 0;
}

#endif
