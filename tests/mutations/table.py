"""The guards of the protocol, each taken away, and the test that stands for it."""

from __future__ import annotations

from mutations.mutation import JOBS, LUA, QUERIES, Mutation

STORE = "tests/contract/test_job_store.py::test_"
QUEUE = "tests/contract/test_job_queue.py::test_"
PAUSE = "tests/contract/test_pause_of_queues.py::test_"
PAUSED = "tests/integration/test_paused_queues.py::test_"
EVENTS_MADE = "tests/contract/test_events_of_jobs.py::test_"
ZOMBIES = "tests/integration/test_zombies.py::test_"
DATABASE_LOG = "tests/integration/test_database_log.py::test_"
ALL_OR_NONE = "tests/integration/test_all_or_none.py::test_"
TIME = "tests/integration/test_time.py::test_"

MUTATIONS = (
    # Endings
    Mutation(
        "a settlement names no token",
        QUERIES / "settle_attempts.sql",
        """      AND jobs.token = settlement.token
      AND jobs.status = 'processing'
      AND (NOT""",
        """      AND jobs.status = 'processing'
      AND (NOT""",
        (f"{ZOMBIES}what_a_zombie_reports_of_a_job_that_somebody_else_runs_changes_nothing",),
    ),
    Mutation(
        "a settlement does not ask for the status",
        QUERIES / "settle_attempts.sql",
        """      AND jobs.status = 'processing'
      AND (NOT""",
        "      AND (NOT",
        (f"{STORE}final_stays_final",),
    ),
    Mutation(
        "a live lease can be called lost",
        QUERIES / "settle_attempts.sql",
        "      AND (NOT settlement.lost OR jobs.lease_until <= now())\n",
        "",
        (f"{ZOMBIES}only_a_lease_that_has_ended_can_be_called_lost",),
    ),
    Mutation(
        "the row does not know that it waits",
        QUERIES / "settle_attempts.sql",
        "now() + make_interval(secs => settlement.delay)",
        "now()",
        (f"{STORE}a_failed_attempt_makes_a_job_wait_and_keeps_the_error",),
    ),
    # Batches
    Mutation(
        "a batch is stored though another has a key of it",
        JOBS / "adapters/postgres/store.py",
        "all_or_none=keyed and len(jobs) > 1",
        "all_or_none=False",
        (f"{ALL_OR_NONE}of_a_batch_that_always_meets_another_nothing_is_stored",),
    ),
    Mutation(
        "a race for a unique key is an error of the database",
        JOBS / "adapters/postgres/migrations/0007_reopen_jobs.sql",
        "    WHEN unique_violation THEN",
        "    WHEN division_by_zero THEN",
        (f"{DATABASE_LOG}a_race_between_a_retry_and_a_new_job_is_no_error",),
    ),
    # Events
    Mutation(
        "a job ends and makes no event",
        JOBS / "adapters/postgres/statements.py",
        '_text("partials/outbox_events").strip() if events else ""',
        '""',
        (f"{EVENTS_MADE}the_end_of_a_job_is_to_be_told",),
    ),
    Mutation(
        "the event is made after the transaction that ends the job",
        JOBS / "adapters/postgres/store.py",
        """        found = self._rows("settle_attempts", settlements=rows.settlements(settlements))
""",
        """        found = self._connection.rows(
            statement("settle_attempts"), {"settlements": rows.settlements(settlements)}
        )
        found += self._connection.rows(
            "INSERT INTO jobs (id, type, payload) VALUES (gen_random_uuid(), 'EVENT', '{}')"
            " RETURNING id, priority",
            {},
        )
""",
        ("tests/integration/test_events.py::test_no_job_ends_without_its_event",),
    ),
    Mutation(
        "events are told of by events",
        QUERIES / "partials/outbox_events.sql",
        "('CALLBACK', 'EVENT')",
        "('CALLBACK')",
        (f"{EVENTS_MADE}what_tells_is_not_told_of",),
    ),
    Mutation(
        "what a cancel makes waits for the next tick",
        JOBS / "core/control.py",
        "if cancelled.outbox_entries:",
        "if not cancelled.outbox_entries:",
        ("tests/unit/core/test_control.py::test_what_is_to_be_told_of_a_cancel_goes_out_at_once",),
    ),
    # Tags
    Mutation(
        "a tag does not follow the status of its job",
        JOBS / "adapters/postgres/migrations/0006_index_tags.sql",
        "AFTER UPDATE OF owner, type, status, priority ON jobs",
        "AFTER UPDATE OF owner ON jobs",
        ("tests/contract/test_pages_of_jobs.py::test_every_choice_is_kept_to",),
    ),
    # Claims
    Mutation(
        "a claim does not ask for the time",
        QUERIES / "claim_jobs.sql",
        "      AND jobs.due_at <= now()\n",
        "",
        (f"{STORE}a_job_that_waits_out_its_backoff_is_refused_until_it_is_due",),
    ),
    Mutation(
        "a claim takes what is leased",
        QUERIES / "claim_jobs.sql",
        "    WHERE jobs.status = 'pending'\n",
        "    WHERE jobs.status IN ('pending', 'processing')\n",
        (f"{STORE}a_leased_job_is_refused_until_its_lease_ends",),
    ),
    Mutation(
        "a suspect is claimed beside others",
        QUERIES / "claim_jobs.sql",
        "      AND (jobs.losses = 0 OR %(alone)s)\n",
        "      AND (%(alone)s OR NOT %(alone)s)\n",
        (f"{STORE}a_job_that_lost_a_lease_is_claimed_only_alone",),
    ),
    Mutation(
        "an attempt does not count when it is claimed",
        QUERIES / "claim_jobs.sql",
        "        attempts = attempts + 1,\n",
        "",
        (f"{STORE}a_lost_job_is_suspected_and_its_attempt_counts",),
    ),
    # Queues that are paused
    Mutation(
        "a claim does not ask whether the queue is paused",
        QUERIES / "claim_jobs.sql",
        "      AND paused_at IS NULL\n",
        "",
        (f"{PAUSE}no_job_of_a_paused_queue_is_claimed",),
    ),
    Mutation(
        "a claim does not hold its queues",
        QUERIES / "claim_jobs.sql",
        "    FOR SHARE\n",
        "",
        (f"{PAUSED}a_claim_that_meets_a_pause_waits_for_it_and_sees_it",),
    ),
    Mutation(
        "what is paused is published again",
        QUERIES / "list_open_entries.sql",
        "WHERE queues.paused_at IS NULL\n",
        "",
        (f"{PAUSE}what_waits_in_a_paused_queue_is_not_found_until_it_goes_on",),
    ),
    Mutation(
        "what is paused keeps a poller without Redis",
        QUERIES / "list_due_jobs.sql",
        "        WHERE queues.paused_at IS NULL\n",
        "",
        (f"{PAUSE}what_waits_in_a_paused_queue_is_not_found_until_it_goes_on",),
    ),
    Mutation(
        "what is paused stays in Redis",
        JOBS / "core/worker/fetcher.py",
        "        self._queue.drop_paused([candidates[job_id] for job_id in result.paused])\n",
        "",
        (f"{PAUSED}a_poller_leaves_where_only_paused_work_is_left",),
    ),
    Mutation(
        "an entry is dropped for good though its queue goes on",
        JOBS / "core/worker/fallback_queue.py",
        "for each in candidates if each.priority in resumed",
        "for each in candidates if not resumed",
        (f"{PAUSED}an_entry_is_not_lost_between_a_refused_claim_and_a_resume",),
    ),
    # Keeping and giving back
    Mutation(
        "a lease that has ended is renewed",
        QUERIES / "renew_leases.sql",
        "  AND jobs.lease_until > now()\n",
        "",
        (f"{ZOMBIES}a_lease_that_has_ended_cannot_be_renewed",),
    ),
    Mutation(
        "a release keeps the attempt",
        QUERIES / "release_claims.sql",
        "    attempts = attempts - 1,\n",
        "",
        (f"{STORE}a_released_job_is_as_it_was",),
    ),
    Mutation(
        "a release names no token",
        QUERIES / "release_claims.sql",
        "  AND jobs.token = held.token\n",
        "",
        (f"{STORE}a_stale_claim_releases_nothing",),
    ),
    Mutation(
        "a lease outlives its invocation",
        JOBS / "core/worker/leases.py",
        "min(self._config.lease, remaining + MARGIN_SECONDS)",
        "self._config.lease",
        (f"{TIME}no_lease_outlives_the_invocation_by_more_than_the_margin",),
    ),
    Mutation(
        "what is in hand is not renewed",
        JOBS / "core/worker/leases.py",
        "if now - self._renewed < self._config.lease / 3:",
        "if self._renewed:",
        (f"{TIME}a_long_job_keeps_its_lease_for_as_long_as_it_runs",),
    ),
    Mutation(
        "what cannot finish in time is begun",
        JOBS / "core/worker/leases.py",
        "elif limit + MARGIN_SECONDS > self._context.invocation.remaining():",
        "elif self._context.invocation.remaining() < 0:",
        (f"{TIME}what_cannot_finish_in_the_time_left_is_not_begun",),
    ),
    # The queues
    Mutation(
        "publishing again moves an entry",
        LUA / "publish.lua",
        "'NX', score",
        "score",
        (f"{QUEUE}publishing_again_changes_nothing",),
    ),
    Mutation(
        "what was taken stays ready",
        LUA / "take.lua",
        "now + lease, ready[at]",
        "now, ready[at]",
        (f"{QUEUE}what_was_taken_is_ready_again_when_its_lease_ends",),
    ),
    Mutation(
        "a poller leaves without another look",
        LUA / "deregister.lua",
        "if first <= now or ARGV[3] == '1' or others <= 0 then",
        "if first > now and (ARGV[3] == '1' or others <= 0) then",
        (
            f"{QUEUE}a_poller_stays_while_something_is_ready",
            "tests/integration/test_wake_ups.py::"
            "test_a_job_published_before_a_poller_leaves_is_run_by_it",
        ),
    ),
    Mutation(
        "nothing is published again",
        JOBS / "core/reconcile.py",
        "published = queue.publish(entries, tolerance=tolerance)",
        "published = queue.publish([], tolerance=tolerance)",
        (
            "tests/integration/test_cluster.py::test_a_cluster_that_forgot_everything_is_filled_again",
        ),
    ),
    Mutation(
        "a high job waits behind default ones in hand",
        JOBS / "core/worker/drain.py",
        "        self._ask(fetcher.give_way)\n",
        "",
        (
            "tests/integration/test_priority.py::"
            "test_a_high_job_is_begun_before_default_ones_that_were_claimed_and_not_started",
        ),
    ),
    Mutation(
        "the successor of a dead poller leaves while that one counts as alive",
        JOBS / "core/worker/shutdown.py",
        "if invocation.wait_for_leases and time.monotonic() - self._began < POLLER_TTL_SECONDS:",
        "if invocation.remaining() < 0:",
        (
            "tests/integration/test_successors.py::"
            "test_once_the_successor_of_a_dead_poller_has_left_a_job_wakes_another",
        ),
    ),
    # A database that cannot be relied on
    Mutation(
        "the schedule does not look whether leases are too long",
        JOBS / "core/worker/drain.py",
        "            self._ask(partial(check_clock, config.store, config.lease, config.log))\n",
        "",
        ("tests/integration/test_clock.py::test_a_lease_that_ends_too_far_away_is_told_of",),
    ),
    Mutation(
        "a poller does not look whether the database keeps what it confirms",
        JOBS / "bootstrap.py",
        "    _warn_of_weak_settings(connection)\n",
        "",
        ("tests/integration/test_durability.py::test_a_poller_that_starts_tells_of_it_and_works",),
    ),
    # What becomes of an attempt, and what it does
    Mutation(
        "the victim of a neighbour fails for good",
        JOBS / "core/retry.py",
        "if claim.attempt >= claim.max_attempts and not claim.alone:",
        "if claim.attempt > claim.max_attempts:",
        (f"{STORE}a_last_attempt_lost_beside_others_is_given_back_once",),
    ),
    Mutation(
        "an object is written without a condition",
        JOBS / "adapters/s3.py",
        '                IfNoneMatch="*",\n',
        "",
        ("tests/contract/test_object_store.py::test_what_is_there_is_never_overwritten",),
    ),
    Mutation(
        "every attempt sends another Message-ID",
        JOBS / "processors/email_send.py",
        'f"<{claim.id}@{domain}>"',
        'f"<{claim.token}@{domain}>"',
        ("tests/unit/processors/test_email_send.py",),
    ),
)
