/*
 * The job protocol: what is in the rows, what is in Redis, and everyone who acts on them.
 *
 * One step here is one SQL statement or one Lua script there. Between any two of them a poller
 * may be slow while others act and its lease ends (so that it is a zombie), or it may die.
 *
 * Time is not counted. A lease, a wait, a registration, the note of a wake end at any moment
 * after they began: that covers every length, and clocks that do not agree.
 *
 * Two views, as one would be too large to search:
 *   by default   rows, leases and hints. The schedule starts pollers whenever they are not at
 *                work, and that is all that starts them.
 *   WAKES        the register of pollers and their waking. There is no schedule, so that every
 *                job must be done by those who were woken. Leases do not end while a poller lives.
 *
 * Sizes: JOBS (1 or 2), ONE_POLLER instead of two, MOST_ATTEMPTS, and how often each fault may
 * strike: KILLS (of a poller), FLUSHES (of Redis), CRASHES (of the API), RELEASES (claims given
 * back). PAUSES: how often the queue that all jobs are in is paused; each time somebody resumes it,
 * whenever that may be. DESERTERS: those who pause or resume and die once they have changed the row.
 *
 * Mistakes, each a macro that must make a property fail:
 *   NO_FENCE               an ending names neither token nor status
 *   FENCE_ON_STATUS        an ending asks for `processing`, whoever holds it
 *   NO_CAS                 a claim reads the row in one step and writes it in another
 *   NO_DUE_GUARD           a claim believes the hint that the job is due
 *   NOT_COUNTED_AT_CLAIM   an attempt counts when it ends
 *   REPORT_FIRST           success is recorded before the effect
 *   NO_RECONCILE           nobody publishes again what is open
 *   TIMER_IN_REDIS_ONLY    the row does not know that it waits for its next attempt
 *   LEAVE_WITHOUT_LOOK     a poller that found nothing leaves without another look
 *   LEAVE_BEFORE_BELIEF_ENDS   the heir of a dead poller is gone while that one is believed in
 *   NO_PAUSE_GUARD         a claim does not ask whether the queue is paused
 *   NO_HOLD                a claim asks in one step and is made in another
 *   WITHDRAWN_FOR_GOOD     a pause takes out entries and publishes none again
 *   PUT_BY_FOR_GOOD        a refused claim drops the entry, whoever has resumed meanwhile
 *   RESUMED_IN_SILENCE     a resume publishes nothing
 *   WOKEN_FOR_READY_ONLY   and wakes nobody for what will be ready soon
 *   RENEW_ENDED, LOSS_UNCHECKED   either alone does no harm, both together do: a lease that has
 *                          ended is renewed; a loss is recorded without a look at the lease
 */

#ifndef JOBS
#define JOBS 1
#endif
#ifndef MOST_ATTEMPTS
#define MOST_ATTEMPTS 2
#endif
#ifndef KILLS
#define KILLS 0
#endif
#ifndef FLUSHES
#define FLUSHES 0
#endif
#ifndef CRASHES
#define CRASHES 0
#endif
#ifndef RELEASES
#define RELEASES 0
#endif
#ifndef PAUSES
#define PAUSES 0
#endif
#ifndef DESERTERS
#define DESERTERS 0
#endif
#define POLLERS 2

mtype = { ABSENT, PENDING, PROCESSING, COMPLETED, FAILED };
mtype = { GONE, LATER, READY };
mtype = { DONE, TRY_AGAIN, LOST };

/* PostgreSQL: the truth. */
typedef Row {
  mtype status = ABSENT;
  bool due;         /* its time has come: due_at <= now() */
  bool live;        /* its lease has not ended: lease_until > now() */
  byte token;       /* the number of the claim; 0: none */
  byte attempts;
  bool suspect;     /* it lost a lease before: losses > 0 */
  bool alone;       /* its poller holds no other */
};
Row row[JOBS];
bool paused;        /* queues.paused_at IS NOT NULL */
byte claims[JOBS];  /* tokens given so far, so that each is new */

/* In the view WAKES a lease ends only when its holder is dead. */
#ifdef WAKES
#define may_end(j) abandoned[j]
#else
#define may_end(j) true
#endif
bool abandoned[JOBS];

/* Redis: an entry for each job, the register, the note that a wake is under way. */
mtype hint[JOBS] = GONE;
bool registered[POLLERS];
bool ghost;         /* one that is dead is on the register still */
bool waking;
byte invoked;       /* calls of the poller that are under way */
byte notices;       /* and those that the death of another has led to */

/* How often each fault may still strike. */
byte kills = KILLS, flushes = FLUSHES, crashes = CRASHES, releases = RELEASES;
byte pauses = PAUSES, deserters = DESERTERS;

/* Always false: they name each assertion in the checker's report. */
bool I1, I2, I3, I4, I5, I6, I7, P1, W1;

#define is_final(j) (row[j].status == COMPLETED || row[j].status == FAILED)
#if JOBS == 1
#define any_hint(place) (hint[0] == place)
#define all_final (is_final(0))
#else
#define any_hint(place) (hint[0] == place || hint[1] == place)
#define all_final (is_final(0) && is_final(1))
#endif

/* --- the statements ------------------------------------------------------------------------ */

/* claim.sql, once it has found that the row may be claimed. */
inline claim(j, mine) {
  assert(I1 || !row[j].live);
  assert(I2 || !is_final(j));
  assert(I7 || row[j].due);
  assert(P1 || !paused);
  claims[j]++;
  mine = claims[j];
  row[j].status = PROCESSING;
  row[j].token = mine;
  row[j].live = true;
  row[j].alone = row[j].suspect;
#ifndef NOT_COUNTED_AT_CLAIM
  row[j].attempts++;
#endif
  /* A release gives one back, and so does a loss of the last attempt beside others, once. */
  assert(I6 || (row[j].attempts <= MOST_ATTEMPTS
                && claims[j] <= MOST_ATTEMPTS + row[j].suspect + RELEASES - releases));
}

#if defined(NO_FENCE)
#define stands(j, mine) true
#elif defined(FENCE_ON_STATUS)
#define stands(j, mine) (row[j].status == PROCESSING)
#else
#define stands(j, mine) (row[j].status == PROCESSING && row[j].token == mine)
#endif

#ifdef LOSS_UNCHECKED
#define lost_or_own(j, what) true
#else
#define lost_or_own(j, what) (what != LOST || !row[j].live)
#endif

/* settle.sql. `held`: it has ended the attempt, now or when the same was asked before. */
inline settle(j, mine, what, held) {
  held = stands(j, mine) && lost_or_own(j, what);
  assert(I5 || held || !(what == DONE && row[j].live && row[j].token == mine));
  if
  :: held ->
    assert(I2 || !is_final(j));
    assert(I3 || !row[j].live || (row[j].token == mine && what != LOST));
    row[j].live = false;
#ifdef NOT_COUNTED_AT_CLAIM
    row[j].attempts = row[j].attempts + (what != LOST);
#endif
    if
    :: what == DONE ->
      row[j].status = COMPLETED
    :: what == LOST && row[j].attempts >= MOST_ATTEMPTS && !row[j].alone ->
      /* It may have died of a neighbour, so it gets this attempt once more, on its own. */
      row[j].attempts--; row[j].status = PENDING; row[j].due = false
    :: else ->
      if
      :: row[j].attempts >= MOST_ATTEMPTS -> row[j].status = FAILED
      :: else -> row[j].status = PENDING; row[j].due = false
      fi
    fi;
    row[j].suspect = row[j].suspect || what == LOST
  :: else ->
    held = (what == DONE && row[j].status == COMPLETED && row[j].token == mine)
  fi
}

#ifdef TIMER_IN_REDIS_ONLY
#define row_knows(j) (row[j].attempts == 0)
#else
#define row_knows(j) true
#endif

/* open_entries.sql, for one row. */
#define is_open(j) \
  (row[j].status == PROCESSING || (row[j].status == PENDING && !paused && row_knows(j)))

#ifdef NO_PAUSE_GUARD
#define may_begin true
#else
#define may_begin (!paused)
#endif

/* publish.lua for one entry: nothing happens to one that is there. */
inline publish(j) {
  if
  :: hint[j] != GONE
  :: else ->
    if
    :: row[j].status == PENDING && row[j].due -> hint[j] = READY
    :: else -> hint[j] = LATER
    fi
  fi
}

/* wake_needed.lua, in the same step. */
inline wake_needed(needed) {
  needed = !registered[0] && !registered[1] && !ghost && !waking && any_hint(READY);
  waking = waking || needed
}

/* reconcile, by who pauses or resumes; all that is to be ready will be before the schedule comes. */
inline publish_open() {
  atomic {
    for (j : 0 .. JOBS - 1) { seen[j] = is_open(j) }
    j = 0
  }
  d_step {
    for (j : 0 .. JOBS - 1) {
      if
      :: seen[j] -> publish(j); soon = true
      :: else
      fi;
      seen[j] = false
    }
#ifdef WAKES
    wake_needed(needed);
#ifndef WOKEN_FOR_READY_ONLY
    needed = needed || (soon && !registered[0] && !registered[1] && !ghost && !waking);
    waking = waking || needed;
#endif
#endif
    j = 0; soon = false
  }
  d_step { invoked = invoked + needed; needed = false }
}

/* --- those who act ------------------------------------------------------------------------- */

/* POST /jobs, once for each job. It may die after the COMMIT, and before it wakes. */
proctype Api() {
  byte j;
  bool needed;
  do
  :: d_step { j < JOBS ->         /* insert.sql */
      row[j].status = PENDING; row[j].due = true
    }
    if
    :: d_step { crashes > 0 -> crashes-- }
    :: d_step {
        publish(j);
#ifdef WAKES
        wake_needed(needed)
#endif
      }
    fi;
    d_step {
      invoked = invoked + needed; needed = false;
      j++
    }
  :: j == JOBS -> break
  od
}

/* POST /queues/{name}/pause. It may die as soon as the row says so, and before it publishes. */
proctype Pause() {
  byte j;
  bool needed, soon, seen[JOBS];
  do
  :: d_step { pauses > 0 && !paused -> pauses--; paused = true }    /* pause.sql */
    if
    :: d_step { deserters > 0 -> deserters-- }
    :: d_step {                   /* withdraw.lua */
        for (j : 0 .. JOBS - 1) {
          if
          :: hint[j] == READY -> hint[j] = GONE
          :: else
          fi
        }
        j = 0
      }
      if
      :: d_step { deserters > 0 -> deserters-- }
#ifdef WITHDRAWN_FOR_GOOD
      :: true
#else
      :: publish_open()
#endif
      fi
    fi
  :: pauses == 0 -> break
  od
}

/* POST /queues/{name}/resume, the same. A process of its own: pause may be under way still. */
proctype Resume() {
  byte j;
  bool needed, soon, seen[JOBS];
  do
  :: d_step { paused -> paused = false }    /* resume.sql */
    if
    :: d_step { deserters > 0 -> deserters-- }
#ifdef RESUMED_IN_SILENCE
    :: true
#else
    :: publish_open()
#endif
    fi
  od
}

/* One execution environment of the poller function: one invocation after the other. */
#ifdef LEAVE_BEFORE_BELIEF_ENDS
#define haunted false
#else
#define haunted ghost
#endif
#define waits(me) ((any_hint(LATER) && (patient || !(registered[1 - me] || ghost))) \
                   || (patient && haunted))
#define may_die :: d_step { kills > 0 -> kills-- } goto dead

proctype Poller(byte me) {
  byte j, mine;
  mtype what = DONE;
  bool held, did, patient, put_by, seen[JOBS];
#if defined(NO_CAS) || defined(NO_HOLD)
  bool may;
#endif

asleep:
#ifdef WAKES
  atomic {
    if
    :: invoked > 0 -> invoked--
    :: notices > 0 -> notices--; patient = true
    fi
  }
  goto look;
#endif

mend:                             /* reconcile: open_entries.sql, then publish.lua for them */
#ifndef NO_RECONCILE
  atomic {
    for (j : 0 .. JOBS - 1) {
      seen[j] = is_open(j)
    }
    j = 0
  }
  if
  may_die
  :: d_step {
      for (j : 0 .. JOBS - 1) {
        if
        :: seen[j] -> publish(j)
        :: else
        fi;
        seen[j] = false
      }
      j = 0
    }
  fi;
#endif

look:                             /* take.lua */
  atomic {
#ifdef WAKES
    if
    :: registered[me]
    :: else -> registered[me] = true; waking = false
    fi;
#endif
    if
    :: hint[0] == READY -> j = 0
#if JOBS > 1
    :: hint[1] == READY -> j = 1
#endif
    :: else -> goto nothing
    fi;
    hint[j] = LATER
  }
  if
  may_die
  :: true
  fi;
#ifdef NO_CAS
  may = row[j].status == PENDING && row[j].due;
#elif defined(NO_HOLD)
  may = may_begin;
#endif
  atomic {                        /* claim.sql */
    if
#if defined(NO_CAS)
    :: may -> may = false;
#elif defined(NO_DUE_GUARD)
    :: row[j].status == PENDING ->
#elif defined(NO_HOLD)
    :: may && row[j].status == PENDING && row[j].due -> may = false;
#else
    :: row[j].status == PENDING && row[j].due && may_begin ->
#endif
      claim(j, mine); goto claimed
    :: else
    fi;
    if
    :: row[j].status == PROCESSING && !row[j].live ->
      mine = row[j].token; what = LOST; goto ended
    :: else
    fi;
    put_by = row[j].status == PENDING && !may_begin
  }
  d_step {                        /* settle.lua: what cannot be claimed goes where it belongs */
    if
    :: is_final(j) || put_by -> hint[j] = GONE
    :: else -> hint[j] = LATER
    fi;
    j = (put_by -> j : 0)
  }
#if PAUSES > 0
  if
  :: put_by ->
    if
    may_die
    :: put_by = !paused           /* queues.sql */
    fi;
    d_step {                      /* settle.lua, for what has been resumed */
#ifndef PUT_BY_FOR_GOOD
      if
      :: put_by -> hint[j] = READY
      :: else
      fi;
#endif
      put_by = false; j = 0
    }
  :: else
  fi;
#endif
  goto look;

nothing:                          /* leave.lua */
#ifdef WAKES
  atomic {
    if
#ifndef LEAVE_WITHOUT_LOOK
    :: any_hint(READY) || waits(me) -> goto look
    :: !any_hint(READY) && !waits(me) ->
#else
    :: true ->
#endif
      registered[me] = false; patient = false
    fi
  }
#endif
  goto asleep;

claimed:
  if
  may_die
  :: d_step { releases > 0 -> releases-- } goto release
#ifdef REPORT_FIRST
  :: goto ended
#endif
  :: did = true                   /* the effect: an object, a mail */
  fi;
#ifdef RENEW_ENDED
  if
  :: d_step { row[j].status == PROCESSING && row[j].token == mine -> row[j].live = true }
  :: true
  fi;
#endif
  if
  may_die
  :: what = DONE
#ifndef NO_FAILURES
  :: what = TRY_AGAIN
#endif
  fi;

ended:
  atomic {
    settle(j, mine, what, held);
    assert(I4 || !held || what != DONE || did)
  }
  if
  may_die
  :: d_step { held && what == DONE -> settle(j, mine, what, held); assert(I5 || held) }
  :: true                         /* or the answer came, and it does not ask again */
  fi;
  d_step {                        /* settle.lua */
    if
    :: held && row[j].status == PENDING -> hint[j] = LATER
    :: held && what == DONE -> hint[j] = GONE
    :: held && what != DONE && is_final(j) -> hint[j] = GONE
    :: else
    fi;
    j = 0; mine = 0; what = DONE; held = false; did = false
  }
  goto look;

release:                          /* release.sql, then settle.lua */
  atomic {
    held = row[j].status == PROCESSING && row[j].token == mine;
    if
    :: held ->
      row[j].status = PENDING; row[j].live = false; row[j].token = 0; row[j].attempts--
    :: else
    fi
  }
  if
  may_die
  :: d_step {
      if
      :: held -> hint[j] = READY
      :: else
      fi;
      j = 0; mine = 0; held = false
    }
  fi;
  goto look;

dead:                             /* its registration, its lease and its entry outlive it */
  atomic {
#ifdef WAKES
    abandoned[j] = mine != 0 && row[j].status == PROCESSING && row[j].token == mine;
    notices++;                    /* the failure destination leads to a patient one */
    ghost = registered[me]; registered[me] = false;
#endif
    j = 0; mine = 0; what = DONE; held = false; did = false; patient = false; put_by = false; seen[0] = false
  }
  goto asleep
}

/* --- time, a process for each thing that ends, so that each is sure to end ------------------ */

proctype LeaseEnds(byte j) {
  do
  :: d_step { row[j].live && may_end(j) -> row[j].live = false; abandoned[j] = false }
  od
}

proctype WaitEnds(byte j) {
  do
  :: d_step { row[j].status == PENDING && !row[j].due -> row[j].due = true }
  od
}

/* By the clock of Redis: an entry may be ready long before its row is. */
proctype HintReady(byte j) {
  do
  :: d_step { hint[j] == LATER -> hint[j] = READY }
  od
}

proctype RegistrationEnds(byte poller) {
  do
  :: d_step { registered[poller] -> registered[poller] = false }
  od
}

proctype GhostEnds() {
  do
  :: d_step { ghost -> ghost = false }
  od
}

proctype NoteOfWakeEnds() {
  do
  :: d_step { waking -> waking = false }
  od
}

/* FLUSHALL, a restart without a log, a failover: Redis has lost its memory. */
proctype Flush() {
  byte j;
  do
  :: d_step {
      flushes > 0 -> flushes--;
      for (j : 0 .. JOBS - 1) { hint[j] = GONE }
      j = 0
    }
  :: break
  od
}

/* Once nobody can do anything more, and nothing ends any more. */
proctype Silence() {
  timeout -> assert(W1 || all_final)
}

init {
  byte j;
  atomic {
    run Api(); run Poller(0);
#ifndef ONE_POLLER
    run Poller(1);
#endif
    for (j : 0 .. JOBS - 1) {
      run WaitEnds(j); run HintReady(j);
#if !defined(WAKES) || KILLS > 0
      run LeaseEnds(j)
#endif
    }
#ifdef WAKES
    run RegistrationEnds(0); run RegistrationEnds(1); run NoteOfWakeEnds(); run GhostEnds();
    run Silence();
#endif
#if PAUSES > 0
    run Pause(); run Resume();
#endif
#if FLUSHES > 0
    run Flush();
#endif
    j = 0
  }
}

/* Under weak fairness: every job comes to its end. */
ltl L1 { eventually all_final }
