/* Values of files as floats: one function for each type and byte order. */
#include "data/filed.h"

#include <string.h>

static uint16_t little_16(const unsigned char *bytes) {
    return (uint16_t)(bytes[1] << 8 | bytes[0]);
}

static uint32_t little_32(const unsigned char *bytes) {
    return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

static uint64_t little_64(const unsigned char *bytes) {
    return (uint64_t)little_32(bytes + 4) << 32 | little_32(bytes);
}

static uint16_t big_16(const unsigned char *bytes) {
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t big_32(const unsigned char *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint64_t big_64(const unsigned char *bytes) {
    return (uint64_t)big_32(bytes) << 32 | big_32(bytes + 4);
}

static void convert_scaled(float *out, const unsigned char *bytes, size_t count) {
    dae_kernels()->scale_bytes(out, bytes, count);
}

static void convert_bool(float *out, const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = bytes[i] != 0 ? 1.0f : 0.0f;
}

static void convert_u1(float *out, const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = (float)bytes[i];
}

static void convert_i1(float *out, const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = (float)(int8_t)bytes[i];
}

static void convert_n2_little(float *out, const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = (float)little_16(bytes + 2 * i) / 65535.0f;
}

static void convert_n2_big(float *out, const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = (float)big_16(bytes + 2 * i) / 65535.0f;
}

/* binary16 of IEEE 754: every value of it is a float too. */
static float half_value(uint16_t half) {
    uint32_t exponent = half >> 10 & 31, fraction = half & 0x3FF, sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t bits = sign | (exponent == 31 ? 255u : exponent + 112) << 23 | fraction << 13;
    float value;
    if (exponent == 0) { /* subnormal: a multiple of 2^-24 */
        value = (float)fraction * 0x1p-24f;
        return sign != 0 ? -value : value;
    }
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* convert_NAME_ORDER(): words of BITS bits that hold a value of TYPE. */
#define DEFINE_CONVERSION(name, order, bits, type)                                               \
    static void convert_##name##_##order(float *out, const unsigned char *bytes, size_t count) { \
        for (size_t i = 0; i < count; i++) {                                                     \
            uint##bits##_t word = order##_##bits(bytes + i * sizeof word);                       \
            type value;                                                                          \
            memcpy(&value, &word, sizeof value);                                                 \
            out[i] = (float)value;                                                               \
        }                                                                                        \
    }
#define DEFINE_CONVERSIONS(name, bits, type)    \
    DEFINE_CONVERSION(name, little, bits, type) \
    DEFINE_CONVERSION(name, big, bits, type)

DEFINE_CONVERSIONS(i2, 16, int16_t)
DEFINE_CONVERSIONS(u2, 16, uint16_t)
DEFINE_CONVERSIONS(i4, 32, int32_t)
DEFINE_CONVERSIONS(u4, 32, uint32_t)
DEFINE_CONVERSIONS(i8, 64, int64_t)
DEFINE_CONVERSIONS(u8, 64, uint64_t)
DEFINE_CONVERSIONS(f4, 32, float)
DEFINE_CONVERSIONS(f8, 64, double)

static void convert_f2_little(float *out, const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = half_value(little_16(bytes + 2 * i));
}

static void convert_f2_big(float *out, const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = half_value(big_16(bytes + 2 * i));
}

static void convert_p1(float *out, const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = (float)(bytes[i] - 128) / 128.0f;
}

/* Three bytes are the upper ones of four. */
static uint32_t little_24(const unsigned char *bytes) {
    return (uint32_t)bytes[2] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[0] << 8;
}

static uint32_t big_24(const unsigned char *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8;
}

/* convert_pBYTES_ORDER(): signed words of `bits` bits, read as the upper bits of one of WIDTH. */
#define DEFINE_SOUND(bytes_each, order, bits, width)                                                    \
    static void convert_p##bytes_each##_##order(float *out, const unsigned char *bytes, size_t count) { \
        for (size_t i = 0; i < count; i++)                                                              \
            out[i] = (float)(int##width##_t)order##_##bits(bytes + i * (bytes_each)) /                  \
                     (float)(UINT32_C(1) << ((width)-1));                                               \
    }
DEFINE_SOUND(2, little, 16, 16)
DEFINE_SOUND(2, big, 16, 16)
DEFINE_SOUND(3, little, 24, 32)
DEFINE_SOUND(3, big, 24, 32)
DEFINE_SOUND(4, little, 32, 32)
DEFINE_SOUND(4, big, 32, 32)

static const struct dae_value_type types[] = {
    {1, convert_scaled, 'n', false},    {1, convert_bool, 'b', false},
    {1, convert_u1, 'u', false},        {1, convert_i1, 'i', false},
    {2, convert_i2_little, 'i', false}, {2, convert_i2_big, 'i', true},
    {2, convert_u2_little, 'u', false}, {2, convert_u2_big, 'u', true},
    {4, convert_i4_little, 'i', false}, {4, convert_i4_big, 'i', true},
    {4, convert_u4_little, 'u', false}, {4, convert_u4_big, 'u', true},
    {8, convert_i8_little, 'i', false}, {8, convert_i8_big, 'i', true},
    {8, convert_u8_little, 'u', false}, {8, convert_u8_big, 'u', true},
    {2, convert_f2_little, 'f', false}, {2, convert_f2_big, 'f', true},
    {4, convert_f4_little, 'f', false}, {4, convert_f4_big, 'f', true},
    {8, convert_f8_little, 'f', false}, {8, convert_f8_big, 'f', true},
    {2, convert_n2_little, 'n', false}, {2, convert_n2_big, 'n', true},
    {1, convert_p1, 'p', false},        {2, convert_p2_little, 'p', false},
    {2, convert_p2_big, 'p', true},     {3, convert_p3_little, 'p', false},
    {3, convert_p3_big, 'p', true},     {4, convert_p4_little, 'p', false},
    {4, convert_p4_big, 'p', true},
};

const struct dae_value_type *dae_value_type_find(char kind, size_t size, bool big) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].kind == kind && types[i].size == size && (size == 1 || types[i].big == big))
            return &types[i];
    return NULL;
}
