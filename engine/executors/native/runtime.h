/*
 * What stands before a generated program: the contract with it, the team of threads that runs it, its memory, and the
 * functions that JavaScript calls. The program is `program`, which the generated code defines at its end.
 */
#include <node_api.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* ---- The contract ---- */

struct lane {                  /* one thread's view of a run */
  const float *const *inputs;  /* by index; int32 ones are cast by who reads them; split ones point to this part's share */
  float *const *outputs;       /* by index; in a program of sums, those of the lane */
  float *arena;                /* scratch of this lane, 64-byte aligned */
  float *const *arguments;     /* of the kernel that runs */
  struct team *team;           /* who shares the ranges of kernels; NULL: the caller runs them whole */
};

struct program {
  long inputs, outputs;        /* counts */
  const long *input_sizes;     /* numbers (of 4 bytes) of one part's share */
  const unsigned char *split;  /* by input: 1 if every part has a share of its own, one after the other; or NULL */
  const long *output_sizes;    /* numbers */
  long arena;                  /* numbers of scratch */
  int sums;                    /* 1: `run` adds to outputs, which were zeroed before; only such a program has many parts */
  void (*run)(struct lane *);  /* a part */
};

static const struct program program;

typedef void (*kernel)(struct lane *lane, long from, long to);

/*
 * Runs kernel over [0, count) in ranges that begin at multiples of grain; returns when all are done. Which thread takes
 * which range, and how long it is, varies: a kernel's numbers may not depend on it. A kernel does not call parallel.
 */
static void parallel(struct lane *lane, kernel work, long count, long grain);

/* ---- Threads ---- */

#define MAX_THREADS 256
#define SPIN_NS 20000
/* A thread takes its share in so many pieces: the others take those that it does not come to, as its core is busy. */
#define PIECES 4

/* The gate's bits: the number of the turn, whether helpers may still enter, and how many are inside. */
#define GATE_OPEN 256u
#define GATE_INSIDE 255u
#define GATE_TURN(gate) ((gate) >> 9)

struct share {
  _Alignas(64) atomic_long next; /* a cache line each: taking from one's own disturbs nobody */
  long end, piece;               /* all three in grains */
};

static struct team {
  pthread_t helpers[MAX_THREADS];
  int started;
  struct share shares[MAX_THREADS];
  /* This turn's work, written while the gate is closed and nobody inside. */
  kernel work;
  struct lane *lane;
  long count, grain;
  int threads;
  _Alignas(64) atomic_uint gate;
  atomic_int stopping, helpers_asleep, caller_asleep;
  pthread_mutex_t lock;
  pthread_cond_t opened, emptied;
} the_team = {.lock = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER, .emptied = PTHREAD_COND_INITIALIZER};

static long nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000L + now.tv_nsec;
}

static void relax(void) {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/*
 * Mostly the next kernel comes sooner than a thread could be woken up for it, so spin before sleeping; who spins for
 * longer takes the cores from other jobs. All loads are sequentially consistent: either the sleeper sees what it waits
 * for, or who brings it sees the sleeper.
 */
#define AWAIT(ready, asleep, bell)                                                    \
  do {                                                                                \
    for (long end = nanoseconds() + SPIN_NS; !(ready) && nanoseconds() < end;) relax(); \
    if (ready) break;                                                                 \
    pthread_mutex_lock(&the_team.lock);                                               \
    atomic_fetch_add(&(asleep), 1);                                                   \
    while (!(ready)) pthread_cond_wait(&(bell), &the_team.lock);                      \
    atomic_fetch_sub(&(asleep), 1);                                                   \
    pthread_mutex_unlock(&the_team.lock);                                             \
  } while (0)

static void ring(atomic_int *asleep, pthread_cond_t *bell) {
  if (atomic_load(asleep) == 0) return;
  pthread_mutex_lock(&the_team.lock);
  pthread_cond_broadcast(bell);
  pthread_mutex_unlock(&the_team.lock);
}

/* Denormal numbers become 0: masked attention weights underflow, and arithmetic on them takes a hundred times as long. */
static uint64_t flush_denormals(void) {
#if defined(__x86_64__)
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);
  return before;
#elif defined(__aarch64__)
  uint64_t before;
  __asm__ volatile("mrs %0, fpcr" : "=r"(before));
  __asm__ volatile("msr fpcr, %0" ::"r"(before | 1u << 24));
  return before;
#else
  return 0;
#endif
}

static void restore_denormals(uint64_t before) {
#if defined(__x86_64__)
  _mm_setcsr((unsigned)before);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" ::"r"(before));
#endif
}

/* First one's own share, which begins where that of the last kernel did, so that its numbers are in this core's cache. */
static void take_pieces(struct team *team, int thread) {
  for (int i = 0; i < team->threads; i++) {
    struct share *share = &team->shares[(thread + i) % team->threads];
    for (;;) {
      if (atomic_load_explicit(&share->next, memory_order_relaxed) >= share->end) break;
      const long first = atomic_fetch_add_explicit(&share->next, share->piece, memory_order_relaxed);
      if (first >= share->end) break;
      const long last = first + share->piece < share->end ? first + share->piece : share->end;
      const long to = last * team->grain;
      team->work(team->lane, first * team->grain, to < team->count ? to : team->count);
    }
  }
}

static void *help(void *index) {
  struct team *team = &the_team;
  const int thread = (int)(intptr_t)index;
  unsigned gate, seen = 0;
  flush_denormals();
  for (;;) {
    AWAIT(((gate = atomic_load(&team->gate)) & GATE_OPEN && GATE_TURN(gate) != seen) || atomic_load(&team->stopping),
          team->helpers_asleep, team->opened);
    if (atomic_load(&team->stopping)) return NULL;
    if (!(gate & GATE_OPEN) || !atomic_compare_exchange_strong(&team->gate, &gate, gate + 1)) continue;
    seen = GATE_TURN(gate);
    if (thread < team->threads) take_pieces(team, thread);
    if ((atomic_fetch_sub(&team->gate, 1) & GATE_INSIDE) == 1) ring(&team->caller_asleep, &team->emptied);
  }
}

static void parallel(struct lane *lane, kernel work, long count, long grain) {
  struct team *team = lane->team;
  const long grains = (count + grain - 1) / grain;
  if (!team || grains <= 1) {
    if (count > 0) work(lane, 0, count);
    return;
  }
  const long each = grains / team->threads, more = grains % team->threads;
  long from = 0;
  for (int thread = 0; thread < team->threads; thread++) {
    struct share *share = &team->shares[thread];
    const long size = each + (thread < more);
    atomic_store_explicit(&share->next, from, memory_order_relaxed);
    share->end = from += size;
    share->piece = (size + PIECES - 1) / PIECES;
  }
  team->work = work;
  team->lane = lane;
  team->count = count;
  team->grain = grain;
  atomic_store(&team->gate, ((GATE_TURN(atomic_load(&team->gate)) + 1) << 9) | GATE_OPEN);
  ring(&team->helpers_asleep, &team->opened);
  take_pieces(team, 0);
  /* Who has not entered by now would find nothing to do, and is not waited for. */
  atomic_fetch_and(&team->gate, ~GATE_OPEN);
  AWAIT((atomic_load(&team->gate) & GATE_INSIDE) == 0, team->caller_asleep, team->emptied);
}

/* NULL for one thread. Helpers that the system refuses are not needed either: the others do their share. */
static struct team *team_of(int threads) {
  if (threads == 1) return NULL;
  the_team.threads = threads;
  if (the_team.started >= threads - 1) return &the_team;
  sigset_t all, before;
  pthread_attr_t attributes;
  /* Signals are for Node's own threads: a new thread inherits that it takes none. */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_init(&attributes);
  /* Generated loops keep up to 2 MB of rows on it. */
  pthread_attr_setstacksize(&attributes, 4 << 20);
  for (; the_team.started < threads - 1; the_team.started++) {
    void *index = (void *)(intptr_t)(the_team.started + 1);
    if (pthread_create(&the_team.helpers[the_team.started], &attributes, help, index) != 0) break;
  }
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return &the_team;
}

static void dismiss_team(void) {
  atomic_store(&the_team.stopping, 1);
  ring(&the_team.helpers_asleep, &the_team.opened);
  while (the_team.started > 0) pthread_join(the_team.helpers[--the_team.started], NULL);
  atomic_store(&the_team.stopping, 0);
}

/* ---- Memory ---- */

#define HUGE_PAGE (2L << 20)

static float *lane_scratch[MAX_THREADS];

/* Whole cache lines, so that no two blocks have one in common. */
static long in_lines(long numbers) { return (numbers + 15) / 16 * 16; }

static long all_sums(void) {
  long numbers = 0;
  for (long i = 0; i < program.outputs; i++) numbers += in_lines(program.output_sizes[i]);
  return numbers;
}

/* Gives the bytes that could not be had, or 0. */
static long reserve(float **block, long numbers) {
  if (*block) return 0;
  const long align = numbers * 4 >= HUGE_PAGE ? HUGE_PAGE : 64;
  const long bytes = (numbers * 4 / align + 1) * align;
  void *memory;
  if (posix_memalign(&memory, align, bytes) != 0) return bytes;
#ifdef MADV_HUGEPAGE
  /* In pages of 4 KB much of a step's time is spent on finding them. */
  if (align == HUGE_PAGE) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  *block = memory;
  return 0;
}

static long reserve_scratch(int lanes) {
  long lacking = 0;
  for (int lane = 0; lane < lanes && !lacking; lane++)
    /* The first lane's sums are JavaScript's own arrays. */
    lacking = reserve(&lane_scratch[lane], in_lines(program.arena) + (lane > 0 ? all_sums() : 0));
  return lacking;
}

static void free_scratch(void) {
  for (int lane = 0; lane < MAX_THREADS; lane++) {
    free(lane_scratch[lane]);
    lane_scratch[lane] = NULL;
  }
}

/* ---- A run ---- */

struct whole_run {
  struct lane lane; /* first, so that a kernel's lane is the run */
  long parts, lanes;
};

static float *sums_of(long lane) { return lane_scratch[lane] + in_lines(program.arena); }

/* A lane has the same parts whoever runs it, so that the sums have the same bits in every run. */
static void run_lanes(struct lane *whole, long from, long to) {
  const struct whole_run *run = (struct whole_run *)whole;
  for (long index = from; index < to; index++) {
    const float *inputs[program.inputs + 1];
    float *outputs[program.outputs + 1], *own = sums_of(index);
    for (long i = 0; i < program.outputs; own += in_lines(program.output_sizes[i++])) {
      outputs[i] = index == 0 ? whole->outputs[i] : own;
      memset(outputs[i], 0, program.output_sizes[i] * sizeof(float));
    }
    struct lane lane = {.inputs = inputs, .outputs = outputs, .arena = lane_scratch[index]};
    for (long part = index; part < run->parts; part += run->lanes) {
      for (long i = 0; i < program.inputs; i++)
        inputs[i] = whole->inputs[i] + (program.split && program.split[i] ? part * program.input_sizes[i] : 0);
      program.run(&lane);
    }
  }
}

/* Adds the sums of the other lanes to the first one's; the range is of all outputs, one after the other. */
static void add_lanes(struct lane *whole, long from, long to) {
  long start = 0;
  for (long i = 0; i < program.outputs && start < to; start += in_lines(program.output_sizes[i++])) {
    const long first = from > start ? from - start : 0;
    const long last = to - start < program.output_sizes[i] ? to - start : program.output_sizes[i];
    for (long lane = 1; lane < ((struct whole_run *)whole)->lanes; lane++) {
      float *restrict sums = whole->outputs[i];
      const float *restrict own = sums_of(lane) + start;
      for (long j = first; j < last; j++) sums[j] += own[j];
    }
  }
}

static void run_whole(const float *const *inputs, float *const *outputs, long parts, long lanes, int threads) {
  const uint64_t before = flush_denormals();
  struct whole_run run = {
    .lane = {.inputs = inputs, .outputs = outputs, .arena = lane_scratch[0], .team = team_of(threads)},
    .parts = parts,
    .lanes = lanes,
  };
  if (parts > 1) {
    parallel(&run.lane, run_lanes, lanes, 1);
    if (lanes > 1) parallel(&run.lane, add_lanes, all_sums(), 8192);
  } else {
    for (long i = 0; i < program.outputs && program.sums; i++)
      memset(outputs[i], 0, program.output_sizes[i] * sizeof(float));
    program.run(&run.lane);
  }
  restore_denormals(before);
}

/* ---- What JavaScript calls ---- */

/* Worker threads that load the same file have one team and one memory between them. */
static pthread_mutex_t running = PTHREAD_MUTEX_INITIALIZER;

static int refuse(napi_env env, const char *format, ...) {
  char message[256];
  va_list values;
  va_start(values, format);
  vsnprintf(message, sizeof message, format, values);
  va_end(values);
  napi_throw_error(env, NULL, message);
  return 0;
}

static int read_arrays(napi_env env, napi_value list, const char *kind, long count, const long *sizes,
                       const unsigned char *split, long parts, float **found) {
  uint32_t given = 0;
  if (napi_get_array_length(env, list, &given) != napi_ok || given != count)
    return refuse(env, "The program takes %ld %ss, not %u.", count, kind, given);
  for (long i = 0; i < count; i++) {
    napi_value array;
    napi_typedarray_type type = napi_uint8_array;
    size_t length = 0;
    void *numbers = NULL;
    napi_get_element(env, list, (uint32_t)i, &array);
    napi_get_typedarray_info(env, array, &type, &length, &numbers, NULL, NULL);
    if (type != napi_float32_array && type != napi_int32_array)
      return refuse(env, "The %s %ld is neither a Float32Array nor an Int32Array.", kind, i);
    const long expected = sizes[i] * (split && split[i] ? parts : 1);
    if ((long)length != expected)
      return refuse(env, "The %s %ld has %zu numbers, not %ld.", kind, i, length, expected);
    found[i] = numbers;
  }
  return 1;
}

/* run(inputs, outputs, parts, threads) */
static napi_value js_run(napi_env env, napi_callback_info info) {
  napi_value given[4];
  size_t count = 4;
  int64_t parts = 0, threads = 0;
  float *inputs[program.inputs + 1], *outputs[program.outputs + 1];
  napi_get_cb_info(env, info, &count, given, NULL, NULL);
  napi_get_value_int64(env, given[2], &parts);
  napi_get_value_int64(env, given[3], &threads);
  if (threads < 1 || threads > MAX_THREADS)
    return refuse(env, "A program runs on 1 to %d threads, not %ld.", MAX_THREADS, (long)threads), NULL;
  if (parts < 1 || (parts > 1 && !program.sums))
    return refuse(env, "This program does not run in %ld parts.", (long)parts), NULL;
  if (!read_arrays(env, given[0], "input", program.inputs, program.input_sizes, program.split, parts, inputs) ||
      !read_arrays(env, given[1], "output", program.outputs, program.output_sizes, NULL, 1, outputs))
    return NULL;

  /* Two at least, so that one thread gives the bits that two give. */
  const long wanted = threads > 2 ? threads : 2;
  const long lanes = parts < wanted ? parts : wanted;
  pthread_mutex_lock(&running);
  const long lacking = reserve_scratch(lanes);
  if (!lacking) run_whole((const float *const *)inputs, outputs, parts, lanes, (int)threads);
  pthread_mutex_unlock(&running);
  if (lacking) refuse(env, "There is no memory for the %ld bytes that the program computes in.", lacking);
  return NULL;
}

static void release_all(napi_env env, void *data, void *hint) {
  (void)env, (void)data, (void)hint;
  pthread_mutex_lock(&running);
  dismiss_team();
  free_scratch();
  pthread_mutex_unlock(&running);
}

/* release(): gives memory and threads back; the next run takes them again. */
static napi_value js_release(napi_env env, napi_callback_info info) {
  (void)info;
  release_all(env, NULL, NULL);
  return NULL;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {.utf8name = "run", .method = js_run, .attributes = napi_enumerable},
      {.utf8name = "release", .method = js_release, .attributes = napi_enumerable},
  };
  napi_define_properties(env, exports, 2, functions);
  /* When a worker thread ends, Node unmaps this code: no helper may be in it then. */
  napi_set_instance_data(env, (void *)&program, release_all, NULL);
  return exports;
}

#line 1 "program.c"
