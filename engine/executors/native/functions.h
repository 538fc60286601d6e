/*
 * What generated loops call. Written so that the compiler can do it for a whole vector of numbers at once.
 */
#include <math.h>

#define INLINE static inline __attribute__((always_inline))

INLINE int integer(float bits) {
  int value;
  __builtin_memcpy(&value, &bits, 4);
  return value;
}

INLINE float as_float(int value) {
  float bits;
  __builtin_memcpy(&bits, &value, 4);
  return bits;
}

/* An index that reads nothing outside of its array, whatever was fed. */
INLINE long bounded(long index, long size) { return index < 0 ? 0 : index < size ? index : size - 1; }

/* eˣ = 2ⁿ·eʳ with |r| ≤ ln 2 / 2, eʳ by a polynomial (Cephes' expf): within 1.5 units in the last place; 0 below −87.3. */
INLINE float exponential(float x) {
  const float scaled = x * 1.44269504088896341f;
  float n = __builtin_rintf(scaled);
  n = n > 127 ? 127 : n;
  float r = x - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1;
  const float power = as_float(((int)n + 127) << 23);
  const float value = x > 88.72283f ? INFINITY : p * power;
  return x < -87.33654f ? 0 : value;
}

INLINE float sigmoid(float x) { return 1 / (1 + exponential(-x)); }

/* erf(x) = x·P(x²)/Q(x²) on [−4, 4], beyond which it is ±1 in float32 (the rational function of Eigen): error below 3e-7. */
INLINE float error_function(float x) {
  const float c = x > 4 ? 4 : x < -4 ? -4 : x;
  const float s = c * c;
  float p = -2.72614225801306e-10f;
  p = p * s + 2.77068142495902e-08f;
  p = p * s + -2.10102402082508e-06f;
  p = p * s + -5.69250639462346e-05f;
  p = p * s + -7.34990630326855e-04f;
  p = p * s + -2.95459980854025e-03f;
  p = p * s + -1.60960333262415e-02f;
  float q = -1.45660718464996e-05f;
  q = q * s + -2.13374055278905e-04f;
  q = q * s + -1.68282697438203e-03f;
  q = q * s + -7.37332916720468e-03f;
  q = q * s + -1.42647390514189e-02f;
  return c * p / q;
}

INLINE void call(struct lane *lane, kernel work, long count, long grain, float *const *arguments) {
  lane->arguments = arguments;
  parallel(lane, work, count, grain);
}
