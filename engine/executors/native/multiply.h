/* Single-threaded float32 matrix product on gcc/clang vector extensions.
 *
 * Every element of c is one chain of fused multiply-adds over ascending k that starts from 0 (or from c when
 * accumulating). Blocks of k hand the chain on through c, which rounds nothing, so the bits of an element do
 * not depend on block sizes, on the tile it falls in, or on how a caller splits rows and columns over calls. */
#ifndef MULTIPLY_H
#define MULTIPLY_H

#include <string.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

/* Register tile: TILE_ROWS x TILE_VECTORS sums, TILE_VECTORS of b and a broadcast of a fill the register file. */
#if defined(__AVX512F__)
#define LANES 16
#define TILE_ROWS 8
#define TILE_VECTORS 3
#elif defined(__AVX__)
#define LANES 8
#define TILE_ROWS 6
#define TILE_VECTORS 2
#elif defined(__aarch64__)
#define LANES 4
#define TILE_ROWS 8
#define TILE_VECTORS 3
#else
#define LANES 4
#define TILE_ROWS 4
#define TILE_VECTORS 2
#endif
/* A packed panel of b (DEPTH_BLOCK x PANEL) stays close to L1 and a block of a (ROW_BLOCK x DEPTH_BLOCK) in L2.
 * Prefetches are PREFETCH steps of k ahead. */
enum { PANEL = LANES * TILE_VECTORS, DEPTH_BLOCK = 256, ROW_BLOCK = 256, PREFETCH = 16 };

typedef float vector __attribute__((vector_size(LANES * 4), may_alias));
typedef float loose_vector __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* One register tile of c; rows, vectors, packing and along are constants wherever this is inlined. When `packing`, the
 * rows of b, read in place, are also left in the panel for the tiles below: the copy hides behind the arithmetic.
 * `along` says that rows of a are along memory (ra == 1): each k is then a stride away, which needs a prefetch. */
INLINE void tile(int rows, int vectors, int packing, int along, const float *a, long ra, long ca,
                 const float *b, long rb, float *panel, float *c, long rc, long depth, int accumulate)
{
    vector sum[TILE_ROWS][TILE_VECTORS];
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int v = 0; v < vectors; v++)
            sum[i][v] = (vector){0};
    if (accumulate)
        UNROLL for (int i = 0; i < rows; i++)
            UNROLL for (int v = 0; v < vectors; v++)
                sum[i][v] = *(loose_vector *)(c + i * rc + v * LANES);
    /* Two pointers and shared offsets address the rows of a; the asm hides that one pointer would do, with more offsets
     * than gcc has registers for: it would keep some in vector registers and move them in the loop. */
    const float *lower = a + ra * 4;
    __asm__("" : "+r"(lower));
    for (long k = 0; k < depth; k++, a += ca, lower += ca, b += rb) {
        vector row[TILE_VECTORS];
        UNROLL for (int v = 0; v < vectors; v++) {
            row[v] = *(const loose_vector *)(b + v * LANES);
            if (packing) {
                *(vector *)(panel + v * LANES) = row[v];
                __builtin_prefetch(b + PREFETCH * rb + v * LANES);
            }
        }
        if (packing)
            panel += vectors * LANES;
        if (along)
            __builtin_prefetch(a + PREFETCH * ca);
        UNROLL for (int i = 0; i < rows; i++)
            UNROLL for (int v = 0; v < vectors; v++)
                sum[i][v] += (along ? a[i] : i < 4 ? a[i * ra] : lower[(i - 4) * ra]) * row[v];
    }
    /* For the same reason: the addresses in c are computed again rather than held through the loop. */
    __asm__("" : "+r"(rc));
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int v = 0; v < vectors; v++)
            *(loose_vector *)(c + i * rc + v * LANES) = sum[i][v];
}

/* The tile of a size, packing (full rows only) when there is a panel to fill. */
#define TILE(rows, vectors, packing, along) \
    tile(rows, vectors, packing, along, a, ra, ca, b, rb, panel, c, rc, depth, accumulate)
#define CASE_FULL(vectors) \
    case TILE_ROWS * 4 + vectors: \
        if (ra == 1 && panel) TILE(TILE_ROWS, vectors, 1, 1); \
        else if (ra == 1) TILE(TILE_ROWS, vectors, 0, 1); \
        else if (panel) TILE(TILE_ROWS, vectors, 1, 0); \
        else TILE(TILE_ROWS, vectors, 0, 0); \
        break;
#define CASE(rows, vectors) \
    case rows * 4 + vectors: TILE(rows, vectors, 0, 0); break;
#if TILE_VECTORS > 2
#define CASES_FULL CASE_FULL(1) CASE_FULL(2) CASE_FULL(3)
#define CASES(rows) CASE(rows, 1) CASE(rows, 2) CASE(rows, 3)
#else
#define CASES_FULL CASE_FULL(1) CASE_FULL(2)
#define CASES(rows) CASE(rows, 1) CASE(rows, 2)
#endif
#if defined(__clang__) && defined(__AVX512F__)
__attribute__((min_vector_width(512))) /* Some targets split vectors in halves otherwise. */
#endif
static __attribute__((noinline)) void
tile_of_size(int rows, int vectors, const float *a, long ra, long ca,
             const float *b, long rb, float *panel, float *c, long rc, long depth, int accumulate)
{
    switch (rows * 4 + vectors) {
        CASES_FULL CASES(1) CASES(2) CASES(3)
#if TILE_ROWS > 4
        CASES(4) CASES(5)
#endif
#if TILE_ROWS > 6
        CASES(6) CASES(7)
#endif
    }
}

/* A group of columns of four rows, to transpose: 128-bit quads of four floats each, shuffled within the quads. */
#ifdef __AVX512F__
/* Intrinsics: the inserts from memory leave half of the shuffles that 128-bit vectors need. */
#define GROUP 16
typedef __m512 group;
INLINE group load_group(const float *b, long cb)
{
    __m512 quads = _mm512_castps128_ps512(_mm_loadu_ps(b));
    quads = _mm512_insertf32x4(quads, _mm_loadu_ps(b + 4 * cb), 1);
    quads = _mm512_insertf32x4(quads, _mm_loadu_ps(b + 8 * cb), 2);
    return _mm512_insertf32x4(quads, _mm_loadu_ps(b + 12 * cb), 3);
}
#define LOW(x, y) _mm512_unpacklo_ps(x, y)
#define HIGH(x, y) _mm512_unpackhi_ps(x, y)
#define LOW_PAIRS(x, y) _mm512_shuffle_ps(x, y, 0x44)
#define HIGH_PAIRS(x, y) _mm512_shuffle_ps(x, y, 0xee)
#else
#define GROUP 4
typedef float group __attribute__((vector_size(16), may_alias));
typedef float loose_group __attribute__((vector_size(16), aligned(4), may_alias));
INLINE group load_group(const float *b, long cb)
{
    (void)cb;
    return *(const loose_group *)b;
}
#ifdef __clang__
#define SHUFFLE(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#else
typedef int group_index __attribute__((vector_size(16)));
#define SHUFFLE(x, y, ...) __builtin_shuffle(x, y, (group_index){__VA_ARGS__})
#endif
#define LOW(x, y) SHUFFLE(x, y, 0, 4, 1, 5)
#define HIGH(x, y) SHUFFLE(x, y, 2, 6, 3, 7)
#define LOW_PAIRS(x, y) SHUFFLE(x, y, 0, 1, 4, 5)
#define HIGH_PAIRS(x, y) SHUFFLE(x, y, 2, 3, 6, 7)
#endif

/* Copies b[0..depth][0..columns] to a panel whose rows are `width` floats, zero beyond the columns. Where k is
 * contiguous, four k of a group of columns are transposed in registers. */
static void pack_panel(float *panel, long width, const float *b, long rb, long cb, long depth, long columns)
{
    long j = 0;
    for (; rb == 1 && j + GROUP <= columns; j += GROUP) {
        const float *from = b + j * cb;
        float *to = panel + j;
        long k = 0;
        for (; k + 4 <= depth; k += 4, from += 4, to += 4 * width) {
            group p = load_group(from, cb), q = load_group(from + cb, cb);
            group r = load_group(from + 2 * cb, cb), s = load_group(from + 3 * cb, cb);
            group low_pq = LOW(p, q), high_pq = HIGH(p, q), low_rs = LOW(r, s), high_rs = HIGH(r, s);
            *(group *)to = LOW_PAIRS(low_pq, low_rs);
            *(group *)(to + width) = HIGH_PAIRS(low_pq, low_rs);
            *(group *)(to + 2 * width) = LOW_PAIRS(high_pq, high_rs);
            *(group *)(to + 3 * width) = HIGH_PAIRS(high_pq, high_rs);
        }
        for (; k < depth; k++, from++, to += width)
            for (int x = 0; x < GROUP; x++)
                to[x] = from[x * cb];
    }
    for (long k = 0; k < depth; k++) {
        for (long x = j; x < columns; x++)
            panel[k * width + x] = b[k * rb + x * cb];
        for (long x = columns; x < width; x++)
            panel[k * width + x] = 0;
    }
}

/* c[i*rc + j] = (accumulate ? c[i*rc + j] : 0) + sum over k of a[i*ra + k*ca] * b[k*rb + j*cb], for i < m, j < n,
 * k < depth. Strides are in floats. */
static void multiply(const float *a, long ra, long ca, const float *b, long rb, long cb,
                     float *c, long rc, long m, long n, long depth, int accumulate)
{
    /* One column is faster as one row of the transposed product. */
    if (n == 1 && rc == 1 && m > 1) {
        multiply(b, cb, rb, a, ca, ra, c, m, 1, m, depth, accumulate);
        return;
    }
    float panel[DEPTH_BLOCK * PANEL] __attribute__((aligned(64)));
    float edge[TILE_ROWS * PANEL] __attribute__((aligned(64)));
    for (long i0 = 0; i0 < m; i0 += ROW_BLOCK) {
        long i1 = m - i0 < ROW_BLOCK ? m : i0 + ROW_BLOCK;
        for (long k0 = 0; k0 < depth; k0 += DEPTH_BLOCK) {
            long ks = depth - k0 < DEPTH_BLOCK ? depth - k0 : DEPTH_BLOCK;
            int add = accumulate || k0 > 0;
            long width;
            for (long j = 0; j < n; j += width) {
                long vectors = (n - j + LANES - 1) / LANES;
                /* Two tiles of two vectors are faster than three and one. */
                if (vectors > TILE_VECTORS)
                    vectors = TILE_VECTORS == 3 && vectors == 4 ? 2 : TILE_VECTORS;
                width = vectors * LANES;
                long columns = n - j < width ? n - j : width;
                const float *ak = a + k0 * ca, *bk = b + k0 * rb + j * cb;
                int packed = cb != 1 || columns < width;
                if (packed)
                    pack_panel(panel, width, bk, rb, cb, ks, columns);
                for (long i = i0; i < i1; i += TILE_ROWS) {
                    long rows = i1 - i < TILE_ROWS ? i1 - i : TILE_ROWS, to_stride = rc;
                    float *ci = c + i * rc + j, *to = ci;
                    if (columns < width) {
                        /* A partial vector at the right edge: the tile works on a copy of c. */
                        to = edge, to_stride = width;
                        memset(edge, 0, sizeof edge);
                        for (long r = 0; add && r < rows; r++)
                            memcpy(edge + r * width, ci + r * rc, columns * sizeof *c);
                    }
                    /* The first tile packs b, unless it is the only one. */
                    tile_of_size(rows, vectors, ak + i * ra, ra, ca, packed ? panel : bk, packed ? width : rb,
                                 packed || i1 - i <= TILE_ROWS ? 0 : panel, to, to_stride, ks, add);
                    packed = 1;
                    for (long r = 0; to == edge && r < rows; r++)
                        memcpy(ci + r * rc, edge + r * width, columns * sizeof *c);
                }
            }
        }
    }
}

#endif
