-- The schema after all migrations, written by `npm run schema`; a test compares it with a fresh database.
-- Functions are named only: the engine's stand in src/db/sql, the others in the migrations that made them.

aol_accounts.name text NOT NULL
aol_accounts.provider text NOT NULL
aol_accounts.identity text NOT NULL
aol_accounts.server text NOT NULL
aol_accounts.is_configured boolean NOT NULL DEFAULT true
aol_accounts.configured_by text
aol_accounts.state text NOT NULL DEFAULT 'not_checked'::text
aol_accounts.reason text
aol_accounts.until timestamp with time zone
aol_accounts.facts jsonb NOT NULL DEFAULT '{}'::jsonb
aol_accounts.limits jsonb NOT NULL DEFAULT '[]'::jsonb
aol_accounts.credential bytea
aol_accounts.credential_of text
aol_accounts.refused_of text
aol_accounts.credential_version integer NOT NULL DEFAULT 0
aol_accounts.token_expires_at timestamp with time zone
aol_accounts.refreshed_at timestamp with time zone
aol_accounts.check_asked_at timestamp with time zone
aol_accounts.checked_at timestamp with time zone
aol_accounts.created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
aol_accounts.updated_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
aol_accounts.settings jsonb
aol_actions.id uuid NOT NULL
aol_actions.lane text NOT NULL
aol_actions.type text NOT NULL
aol_actions.payload jsonb NOT NULL
aol_actions.idempotency_key text NOT NULL
aol_actions.request_hash text NOT NULL
aol_actions.status text NOT NULL DEFAULT 'PENDING'::text
aol_actions.mode text NOT NULL DEFAULT 'PROOF'::text
aol_actions.promoted_from uuid
aol_actions.priority smallint NOT NULL DEFAULT 0
aol_actions.run_at timestamp with time zone NOT NULL DEFAULT now()
aol_actions.due_at timestamp with time zone NOT NULL DEFAULT now()
aol_actions.attempts smallint NOT NULL DEFAULT 0
aol_actions.attempts_before integer NOT NULL DEFAULT 0
aol_actions.max_attempts smallint NOT NULL DEFAULT 3
aol_actions.claim_tick_id uuid
aol_actions.claim_lease_token bigint
aol_actions.claim_until timestamp with time zone
aol_actions.claim_count smallint NOT NULL DEFAULT 0
aol_actions.dlq_reason text
aol_actions.artifact_sha256 text
aol_actions.artifact_uri text
aol_actions.approval_needed boolean NOT NULL DEFAULT false
aol_actions.approval_by text
aol_actions.approval_at timestamp with time zone
aol_actions.approval_sha256 text
aol_actions.approval_expires_at timestamp with time zone
aol_actions.receipt jsonb
aol_actions.last_error text
aol_actions.cancel_requested boolean NOT NULL DEFAULT false
aol_actions.workflow_id text
aol_actions.run_id text
aol_actions.created_by text NOT NULL
aol_actions.created_at timestamp with time zone NOT NULL DEFAULT now()
aol_actions.updated_at timestamp with time zone NOT NULL DEFAULT now()
aol_actions.finished_at timestamp with time zone
aol_actions.claim_worker text
aol_actions.held_by text
aol_actions.revises uuid
aol_actions.revised_by uuid
aol_actions.changes_requested jsonb
aol_api_tokens.id uuid NOT NULL
aol_api_tokens.name text NOT NULL
aol_api_tokens.role text NOT NULL
aol_api_tokens.prefix text NOT NULL
aol_api_tokens.sha256 bytea NOT NULL
aol_api_tokens.created_by text NOT NULL
aol_api_tokens.created_at timestamp with time zone NOT NULL DEFAULT now()
aol_api_tokens.expires_at timestamp with time zone
aol_api_tokens.last_used_at timestamp with time zone
aol_api_tokens.revoked_at timestamp with time zone
aol_api_tokens.revoked_by text
aol_api_tokens.lanes text[]
aol_api_tokens.types text[]
aol_autonomy.lane text NOT NULL
aol_autonomy.type text NOT NULL
aol_autonomy.level text NOT NULL
aol_autonomy.updated_by text NOT NULL
aol_autonomy.reason text
aol_autonomy.updated_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
aol_blob_uses.action_id uuid NOT NULL
aol_blob_uses.sha256 text NOT NULL
aol_blobs.sha256 text NOT NULL
aol_blobs.media_type text NOT NULL
aol_blobs.byte_count integer NOT NULL
aol_blobs.width integer
aol_blobs.height integer
aol_blobs.created_by text NOT NULL
aol_blobs.created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
aol_budget_use.scope text NOT NULL
aol_budget_use.name text NOT NULL
aol_budget_use.span text NOT NULL
aol_budget_use.unit text NOT NULL
aol_budget_use.begins_at timestamp with time zone NOT NULL
aol_budget_use.used bigint NOT NULL
aol_budgets.scope text NOT NULL
aol_budgets.name text NOT NULL
aol_budgets.span text NOT NULL
aol_budgets.unit text NOT NULL
aol_budgets.source text NOT NULL
aol_budgets.most bigint NOT NULL
aol_budgets.set_by text NOT NULL
aol_budgets.reason text
aol_budgets.set_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
aol_control_flags.lane text NOT NULL
aol_control_flags.name text NOT NULL
aol_control_flags.value jsonb NOT NULL
aol_control_flags.version integer NOT NULL DEFAULT 1
aol_control_flags.updated_by text NOT NULL
aol_control_flags.reason text
aol_control_flags.updated_at timestamp with time zone NOT NULL DEFAULT now()
aol_control_flags.expires_at timestamp with time zone
aol_execution_logs.id bigint NOT NULL
aol_execution_logs.at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
aol_execution_logs.lane text NOT NULL
aol_execution_logs.action_id uuid
aol_execution_logs.tick_id uuid
aol_execution_logs.attempt integer
aol_execution_logs.event text NOT NULL
aol_execution_logs.level text NOT NULL DEFAULT 'INFO'::text
aol_execution_logs.actor text NOT NULL
aol_execution_logs.message text NOT NULL
aol_execution_logs.detail jsonb
aol_execution_logs.artifact_sha256 text
aol_execution_logs.duration_ms double precision
aol_lease.lane text NOT NULL
aol_lease.owner text
aol_lease.token bigint NOT NULL DEFAULT 0
aol_lease.mode text NOT NULL DEFAULT 'PROOF'::text
aol_lease.acquired_at timestamp with time zone
aol_lease.renewed_at timestamp with time zone
aol_lease.expires_at timestamp with time zone
aol_lease.owner_started_at timestamp with time zone
aol_notice_destinations.name text NOT NULL
aol_notice_destinations.seen_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
aol_notice_destinations.approver text
aol_notice_messages.id uuid NOT NULL
aol_notice_messages.destination text NOT NULL
aol_notice_messages.subject text NOT NULL
aol_notice_messages.content jsonb NOT NULL
aol_notice_messages.state text NOT NULL DEFAULT 'waiting'::text
aol_notice_messages.attempts integer NOT NULL DEFAULT 0
aol_notice_messages.may_have_arrived boolean NOT NULL DEFAULT false
aol_notice_messages.claimed_by text
aol_notice_messages.claimed_at timestamp with time zone
aol_notice_messages.next_attempt_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
aol_notice_messages.last_error text
aol_notice_messages.created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
aol_notice_messages.sent_at timestamp with time zone
aol_notices.id bigint NOT NULL
aol_notices.occasion text NOT NULL
aol_notices.destination text NOT NULL
aol_notices.kind text NOT NULL
aol_notices.lane text
aol_notices.action_id uuid
aol_notices.account text
aol_notices.detail jsonb NOT NULL DEFAULT '{}'::jsonb
aol_notices.state text NOT NULL DEFAULT 'waiting'::text
aol_notices.message_id uuid
aol_notices.at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
aol_people.id uuid NOT NULL
aol_people.issuer text NOT NULL
aol_people.subject text NOT NULL
aol_people.name text NOT NULL
aol_people.groups text[] NOT NULL
aol_people.created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
aol_people.last_signed_in_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
aol_people.disabled_at timestamp with time zone
aol_people.disabled_by text
aol_preparations.action_id uuid NOT NULL
aol_preparations.name text NOT NULL
aol_preparations.result jsonb NOT NULL DEFAULT 'null'::jsonb
aol_preparations.is_ready boolean NOT NULL DEFAULT false
aol_preparations.failures integer NOT NULL DEFAULT 0
aol_preparations.updated_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
aol_sessions.id uuid NOT NULL
aol_sessions.sha256 bytea NOT NULL
aol_sessions.token_id uuid
aol_sessions.environment_sha256 bytea
aol_sessions.created_at timestamp with time zone NOT NULL DEFAULT now()
aol_sessions.expires_at timestamp with time zone NOT NULL
aol_sessions.last_used_at timestamp with time zone NOT NULL DEFAULT now()
aol_sessions.ended_at timestamp with time zone
aol_sessions.person_id uuid
aol_sessions.address text
aol_sessions.browser text
aol_tick_ledger.id uuid NOT NULL
aol_tick_ledger.lane text NOT NULL
aol_tick_ledger.number bigint NOT NULL
aol_tick_ledger.lease_token bigint NOT NULL
aol_tick_ledger.run_id text NOT NULL
aol_tick_ledger.mode text NOT NULL
aol_tick_ledger.outcome text
aol_tick_ledger.claimed integer NOT NULL DEFAULT 0
aol_tick_ledger.succeeded integer NOT NULL DEFAULT 0
aol_tick_ledger.failed integer NOT NULL DEFAULT 0
aol_tick_ledger.retried integer NOT NULL DEFAULT 0
aol_tick_ledger.released integer NOT NULL DEFAULT 0
aol_tick_ledger.awaiting integer NOT NULL DEFAULT 0
aol_tick_ledger.running integer NOT NULL DEFAULT 0
aol_tick_ledger.dead_lettered integer NOT NULL DEFAULT 0
aol_tick_ledger.unconfirmed integer NOT NULL DEFAULT 0
aol_tick_ledger.started_at timestamp with time zone NOT NULL DEFAULT now()
aol_tick_ledger.finished_at timestamp with time zone
aol_tick_ledger.duration_ms double precision
aol_tick_ledger.repeats integer NOT NULL DEFAULT 1
aol_tick_ledger.error text
aol_accounts: a_hold_has_its_reason CHECK (((reason IS NOT NULL) OR (state = ANY (ARRAY['not_checked'::text, 'ready'::text]))))
aol_accounts: a_limit_ends CHECK (((until IS NOT NULL) OR (state <> 'limited'::text)))
aol_accounts: aol_accounts_facts_check CHECK ((length((facts)::text) <= 65536))
aol_accounts: aol_accounts_name_check CHECK (((length(name) >= 1) AND (length(name) <= 300)))
aol_accounts: aol_accounts_pkey PRIMARY KEY (name)
aol_accounts: aol_accounts_reason_check CHECK ((length(reason) <= 2000))
aol_accounts: aol_accounts_settings_check CHECK ((length((settings)::text) <= 65536))
aol_accounts: aol_accounts_state_check CHECK ((state = ANY (ARRAY['not_checked'::text, 'ready'::text, 'needs_login'::text, 'on_hold'::text, 'limited'::text])))
aol_actions: aol_actions_approval_sha256_check CHECK (((length(approval_sha256) = 64) AND (encode(decode(approval_sha256, 'hex'::text), 'hex'::text) = approval_sha256)))
aol_actions: aol_actions_artifact_sha256_check CHECK (((length(artifact_sha256) = 64) AND (encode(decode(artifact_sha256, 'hex'::text), 'hex'::text) = artifact_sha256)))
aol_actions: aol_actions_attempts_before_check CHECK ((attempts_before >= 0))
aol_actions: aol_actions_changes_requested_check CHECK ((length((changes_requested)::text) <= 8192))
aol_actions: aol_actions_check CHECK (((attempts >= 0) AND (attempts <= max_attempts)))
aol_actions: aol_actions_claim_count_check CHECK ((claim_count >= 0))
aol_actions: aol_actions_dlq_reason_check CHECK ((dlq_reason = ANY (ARRAY['rejected'::text, 'exhausted'::text, 'crashed'::text])))
aol_actions: aol_actions_idempotency_key_check CHECK (((octet_length(idempotency_key) >= 1) AND (octet_length(idempotency_key) <= 255)))
aol_actions: aol_actions_last_error_check CHECK ((length(last_error) <= 4000))
aol_actions: aol_actions_max_attempts_check CHECK (((max_attempts >= 1) AND (max_attempts <= 3)))
aol_actions: aol_actions_mode_check CHECK ((mode = ANY (ARRAY['PROOF'::text, 'REAL'::text])))
aol_actions: aol_actions_payload_check CHECK ((jsonb_typeof(payload) = 'object'::text))
aol_actions: aol_actions_pkey PRIMARY KEY (id)
aol_actions: aol_actions_priority_check CHECK (((priority >= '-100'::integer) AND (priority <= 100)))
aol_actions: aol_actions_promoted_from_fkey FOREIGN KEY (promoted_from) REFERENCES aol_actions(id)
aol_actions: aol_actions_request_hash_check CHECK (((length(request_hash) = 64) AND (encode(decode(request_hash, 'hex'::text), 'hex'::text) = request_hash)))
aol_actions: aol_actions_revises_fkey FOREIGN KEY (revises) REFERENCES aol_actions(id)
aol_actions: aol_actions_status_check CHECK ((status = ANY (ARRAY['PENDING'::text, 'RUNNING'::text, 'RETRY'::text, 'AWAITING_APPROVAL'::text, 'SUCCESS'::text, 'UNCONFIRMED'::text, 'DLQ'::text, 'CANCELLED'::text])))
aol_actions: aol_actions_type_check CHECK (((length(type) <= 100) AND (type ~ '^[A-Z][A-Z0-9_]*$'::text)))
aol_actions: artifact_is_whole CHECK (((artifact_sha256 IS NULL) = (artifact_uri IS NULL)))
aol_actions: claim_is_whole CHECK ((((claim_tick_id IS NULL) = (claim_lease_token IS NULL)) AND ((claim_tick_id IS NULL) = (claim_until IS NULL)) AND ((claim_worker IS NULL) OR (claim_tick_id IS NOT NULL))))
aol_actions: dead_letter_has_reason CHECK (((status = 'DLQ'::text) = (dlq_reason IS NOT NULL)))
aol_actions: final_is_finished CHECK (((status = ANY (ARRAY['SUCCESS'::text, 'CANCELLED'::text])) = (finished_at IS NOT NULL)))
aol_actions: held_is_claimed CHECK (((status = ANY (ARRAY['RUNNING'::text, 'RETRY'::text])) = (claim_tick_id IS NOT NULL)))
aol_actions: promoted_is_real CHECK (((promoted_from IS NULL) OR (mode = 'REAL'::text)))
aol_actions: real_revision_needs_approval CHECK (((revises IS NULL) OR (mode = 'PROOF'::text) OR approval_needed))
aol_actions: real_success_has_receipt CHECK (((NOT ((status = 'SUCCESS'::text) AND (mode = 'REAL'::text))) OR (receipt IS NOT NULL)))
aol_actions: revised_is_cancelled CHECK (((revised_by IS NULL) OR (status = 'CANCELLED'::text)))
aol_actions: success_has_artifact CHECK (((status <> 'SUCCESS'::text) OR (artifact_sha256 IS NOT NULL)))
aol_api_tokens: admins_are_unbound CHECK (((role <> 'admin'::text) OR ((lanes IS NULL) AND (types IS NULL))))
aol_api_tokens: aol_api_tokens_check CHECK ((expires_at > created_at))
aol_api_tokens: aol_api_tokens_lanes_check CHECK ((((cardinality(lanes) >= 1) AND (cardinality(lanes) <= 100)) AND (array_position(lanes, NULL::text) IS NULL)))
aol_api_tokens: aol_api_tokens_name_check CHECK ((name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'::text))
aol_api_tokens: aol_api_tokens_pkey PRIMARY KEY (id)
aol_api_tokens: aol_api_tokens_prefix_check CHECK (((length(prefix) >= 8) AND (length(prefix) <= 24)))
aol_api_tokens: aol_api_tokens_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'agent'::text, 'approver'::text, 'operator'::text, 'admin'::text])))
aol_api_tokens: aol_api_tokens_sha256_check CHECK ((octet_length(sha256) = 32))
aol_api_tokens: aol_api_tokens_sha256_key UNIQUE (sha256)
aol_api_tokens: aol_api_tokens_types_check CHECK ((((cardinality(types) >= 1) AND (cardinality(types) <= 100)) AND (array_position(types, NULL::text) IS NULL)))
aol_api_tokens: revoked_by_somebody CHECK (((revoked_at IS NULL) = (revoked_by IS NULL)))
aol_autonomy: aol_autonomy_level_check CHECK ((level = ANY (ARRAY['draft'::text, 'approve'::text, 'auto'::text])))
aol_autonomy: aol_autonomy_pkey PRIMARY KEY (lane, type)
aol_autonomy: aol_autonomy_type_check CHECK (((type = '*'::text) OR (type ~ '^[A-Z][A-Z0-9_]{0,62}$'::text)))
aol_blob_uses: aol_blob_uses_action_id_fkey FOREIGN KEY (action_id) REFERENCES aol_actions(id) ON DELETE CASCADE
aol_blob_uses: aol_blob_uses_pkey PRIMARY KEY (action_id, sha256)
aol_blob_uses: aol_blob_uses_sha256_fkey FOREIGN KEY (sha256) REFERENCES aol_blobs(sha256)
aol_blobs: aol_blobs_byte_count_check CHECK ((byte_count > 0))
aol_blobs: aol_blobs_height_check CHECK ((height > 0))
aol_blobs: aol_blobs_media_type_check CHECK (((length(media_type) >= 3) AND (length(media_type) <= 200)))
aol_blobs: aol_blobs_pkey PRIMARY KEY (sha256)
aol_blobs: aol_blobs_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
aol_blobs: aol_blobs_width_check CHECK ((width > 0))
aol_blobs: size_is_whole CHECK (((width IS NULL) = (height IS NULL)))
aol_budget_use: aol_budget_use_name_check CHECK (((length(name) >= 1) AND (length(name) <= 300)))
aol_budget_use: aol_budget_use_pkey PRIMARY KEY (scope, name, span, unit, begins_at)
aol_budget_use: aol_budget_use_scope_check CHECK ((scope = ANY (ARRAY['account'::text, 'host'::text, 'type'::text, 'domain'::text])))
aol_budget_use: aol_budget_use_span_check1 CHECK ((span = ANY (ARRAY['hour'::text, 'day'::text, 'month'::text])))
aol_budget_use: aol_budget_use_unit_check CHECK ((unit = ANY (ARRAY['effects'::text, 'microUsd'::text])))
aol_budget_use: aol_budget_use_used_check1 CHECK ((used >= 0))
aol_budgets: an_entry_is_of_an_account CHECK (((source = 'set'::text) OR ((scope = 'account'::text) AND (name <> '*'::text))))
aol_budgets: aol_budgets_most_check CHECK ((most >= 0))
aol_budgets: aol_budgets_name_check CHECK (((length(name) >= 1) AND (length(name) <= 300)))
aol_budgets: aol_budgets_pkey PRIMARY KEY (scope, name, span, unit, source)
aol_budgets: aol_budgets_scope_check CHECK ((scope = ANY (ARRAY['account'::text, 'host'::text, 'type'::text, 'domain'::text])))
aol_budgets: aol_budgets_source_check CHECK ((source = ANY (ARRAY['set'::text, 'entry'::text])))
aol_budgets: aol_budgets_span_check CHECK ((span = ANY (ARRAY['hour'::text, 'day'::text, 'month'::text])))
aol_budgets: aol_budgets_unit_check CHECK ((unit = ANY (ARRAY['effects'::text, 'microUsd'::text])))
aol_control_flags: aol_control_flags_lane_check CHECK (((lane = '*'::text) OR (lane ~ '^[a-z0-9][a-z0-9._-]{0,62}$'::text)))
aol_control_flags: aol_control_flags_pkey PRIMARY KEY (lane, name)
aol_control_flags: aol_control_flags_version_check CHECK ((version >= 1))
aol_control_flags: flag_is_known_and_valid CHECK (aol_flag_value_valid(name, value))
aol_control_flags: only_unlocking_ends CHECK (((expires_at IS NULL) OR ((name = 'proof_only'::text) AND (value = 'false'::jsonb))))
aol_execution_logs: aol_execution_logs_artifact_sha256_check CHECK (((length(artifact_sha256) = 64) AND (encode(decode(artifact_sha256, 'hex'::text), 'hex'::text) = artifact_sha256)))
aol_execution_logs: aol_execution_logs_attempt_check CHECK ((attempt >= 1))
aol_execution_logs: aol_execution_logs_duration_ms_check CHECK ((duration_ms >= (0)::double precision))
aol_execution_logs: aol_execution_logs_event_check CHECK ((event = ANY (ARRAY['ENQUEUED'::text, 'CLAIMED'::text, 'ATTEMPT_STARTED'::text, 'SUCCEEDED'::text, 'RETRY_SCHEDULED'::text, 'AWAITING_APPROVAL'::text, 'DEAD_LETTERED'::text, 'UNCONFIRMED'::text, 'RELEASED'::text, 'CANCEL_REQUESTED'::text, 'CANCELLED'::text, 'APPROVED'::text, 'REJECTED'::text, 'REPLAYED'::text, 'RESOLVED'::text, 'RECEIPT_RECORDED'::text, 'PROMOTED'::text, 'FLAG_CHANGED'::text, 'LANE_CREATED'::text, 'LEASE_TAKEN'::text, 'LEASE_RELEASED'::text, 'REFUSED'::text, 'TOKEN_CREATED'::text, 'TOKEN_REVOKED'::text, 'SIGNED_IN'::text, 'ACCOUNT_CHANGED'::text, 'REVISED'::text, 'RESCHEDULED'::text, 'CHANGES_REQUESTED'::text, 'SESSION_ENDED'::text, 'PERSON_CHANGED'::text])))
aol_execution_logs: aol_execution_logs_level_check CHECK ((level = ANY (ARRAY['DEBUG'::text, 'INFO'::text, 'WARNING'::text, 'ERROR'::text])))
aol_execution_logs: aol_execution_logs_pkey PRIMARY KEY (id)
aol_execution_logs: attempt_belongs_to_action CHECK (((attempt IS NULL) OR (action_id IS NOT NULL)))
aol_lease: aol_lease_lane_check CHECK ((lane ~ '^[a-z0-9][a-z0-9._-]{0,62}$'::text))
aol_lease: aol_lease_mode_check CHECK ((mode = ANY (ARRAY['PROOF'::text, 'REAL'::text])))
aol_lease: aol_lease_pkey PRIMARY KEY (lane)
aol_lease: aol_lease_token_check CHECK ((token >= 0))
aol_lease: held_is_whole CHECK (((owner IS NULL) OR ((token >= 1) AND (acquired_at IS NOT NULL) AND (renewed_at IS NOT NULL) AND (expires_at IS NOT NULL))))
aol_lease: no_lane_is_called_notices CHECK ((lane <> 'notices'::text))
aol_notice_destinations: aol_notice_destinations_approver_check CHECK (((length(approver) >= 1) AND (length(approver) <= 200)))
aol_notice_destinations: aol_notice_destinations_name_check CHECK (((length(name) >= 1) AND (length(name) <= 400)))
aol_notice_destinations: aol_notice_destinations_pkey PRIMARY KEY (name)
aol_notice_messages: aol_notice_messages_attempts_check CHECK ((attempts >= 0))
aol_notice_messages: aol_notice_messages_last_error_check CHECK ((length(last_error) <= 2000))
aol_notice_messages: aol_notice_messages_pkey PRIMARY KEY (id)
aol_notice_messages: aol_notice_messages_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'sent'::text, 'given_up'::text])))
aol_notice_messages: aol_notice_messages_subject_check CHECK ((length(subject) <= 500))
aol_notice_messages: what_is_sent_has_its_time CHECK (((state = 'sent'::text) = (sent_at IS NOT NULL)))
aol_notices: aol_notices_kind_check CHECK ((kind = ANY (ARRAY['test'::text, 'lane_killed'::text, 'lane_red'::text, 'real_unlocked'::text, 'real_locked'::text, 'unconfirmed'::text, 'account_held'::text, 'account_token'::text, 'account_budget'::text, 'autonomy_lowered'::text, 'approval_expires'::text, 'approval_waits'::text, 'dead_letter'::text, 'approval_ran_out'::text, 'account_version'::text])))
aol_notices: aol_notices_message_id_fkey FOREIGN KEY (message_id) REFERENCES aol_notice_messages(id) DEFERRABLE INITIALLY DEFERRED
aol_notices: aol_notices_occasion_check CHECK ((length(occasion) <= 600))
aol_notices: aol_notices_occasion_destination_key UNIQUE (occasion, destination)
aol_notices: aol_notices_pkey PRIMARY KEY (id)
aol_notices: aol_notices_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'told'::text, 'moot'::text])))
aol_notices: what_is_told_has_its_message CHECK (((state = 'told'::text) = (message_id IS NOT NULL)))
aol_people: aol_people_groups_check CHECK ((array_position(groups, NULL::text) IS NULL))
aol_people: aol_people_issuer_check CHECK (((length(issuer) >= 1) AND (length(issuer) <= 1000)))
aol_people: aol_people_issuer_subject_key UNIQUE (issuer, subject)
aol_people: aol_people_name_check CHECK (((name ~ '^[a-z0-9._+@#-]{2,120}$'::text) AND (name ~~ '%@%'::text)))
aol_people: aol_people_name_key UNIQUE (name)
aol_people: aol_people_pkey PRIMARY KEY (id)
aol_people: aol_people_subject_check CHECK (((length(subject) >= 1) AND (length(subject) <= 255)))
aol_people: disabled_by_somebody CHECK (((disabled_at IS NULL) = (disabled_by IS NULL)))
aol_preparations: aol_preparations_action_id_fkey FOREIGN KEY (action_id) REFERENCES aol_actions(id) ON DELETE CASCADE
aol_preparations: aol_preparations_failures_check CHECK ((failures >= 0))
aol_preparations: aol_preparations_name_check CHECK ((name ~ '^[a-z0-9-]{1,40}$'::text))
aol_preparations: aol_preparations_pkey PRIMARY KEY (action_id, name)
aol_preparations: aol_preparations_result_check CHECK ((length((result)::text) <= 65536))
aol_sessions: aol_sessions_browser_check CHECK ((length(browser) <= 300))
aol_sessions: aol_sessions_check CHECK ((expires_at > created_at))
aol_sessions: aol_sessions_environment_sha256_check CHECK ((octet_length(environment_sha256) = 32))
aol_sessions: aol_sessions_person_id_fkey FOREIGN KEY (person_id) REFERENCES aol_people(id) ON DELETE CASCADE
aol_sessions: aol_sessions_pkey PRIMARY KEY (id)
aol_sessions: aol_sessions_sha256_check CHECK ((octet_length(sha256) = 32))
aol_sessions: aol_sessions_sha256_key UNIQUE (sha256)
aol_sessions: aol_sessions_token_id_fkey FOREIGN KEY (token_id) REFERENCES aol_api_tokens(id) ON DELETE CASCADE
aol_sessions: begun_by_one CHECK ((num_nonnulls(token_id, environment_sha256, person_id) = 1))
aol_tick_ledger: aol_tick_ledger_awaiting_check CHECK ((awaiting >= 0))
aol_tick_ledger: aol_tick_ledger_claimed_check CHECK ((claimed >= 0))
aol_tick_ledger: aol_tick_ledger_dead_lettered_check CHECK ((dead_lettered >= 0))
aol_tick_ledger: aol_tick_ledger_duration_ms_check CHECK ((duration_ms >= (0)::double precision))
aol_tick_ledger: aol_tick_ledger_error_check CHECK ((length(error) <= 4000))
aol_tick_ledger: aol_tick_ledger_failed_check CHECK ((failed >= 0))
aol_tick_ledger: aol_tick_ledger_lane_number_key UNIQUE (lane, number)
aol_tick_ledger: aol_tick_ledger_mode_check CHECK ((mode = ANY (ARRAY['PROOF'::text, 'REAL'::text])))
aol_tick_ledger: aol_tick_ledger_number_check CHECK ((number >= 1))
aol_tick_ledger: aol_tick_ledger_outcome_check CHECK ((outcome = ANY (ARRAY['OK'::text, 'IDLE'::text, 'PAUSED'::text, 'NO_LEASE'::text, 'OVERRUN'::text, 'KILLED'::text, 'ERROR'::text])))
aol_tick_ledger: aol_tick_ledger_pkey PRIMARY KEY (id)
aol_tick_ledger: aol_tick_ledger_released_check CHECK ((released >= 0))
aol_tick_ledger: aol_tick_ledger_repeats_check CHECK ((repeats >= 1))
aol_tick_ledger: aol_tick_ledger_retried_check CHECK ((retried >= 0))
aol_tick_ledger: aol_tick_ledger_running_check CHECK ((running >= 0))
aol_tick_ledger: aol_tick_ledger_succeeded_check CHECK ((succeeded >= 0))
aol_tick_ledger: aol_tick_ledger_unconfirmed_check CHECK ((unconfirmed >= 0))
aol_tick_ledger: closed_has_outcome CHECK (((finished_at IS NULL) = (outcome IS NULL)))
aol_tick_ledger: counts_balance CHECK ((claimed = (((((succeeded + failed) + retried) + released) + awaiting) + running)))
aol_tick_ledger: failures_are_told_apart CHECK ((failed = (dead_lettered + unconfirmed)))
CREATE UNIQUE INDEX aol_accounts_pkey ON public.aol_accounts USING btree (name)
CREATE INDEX aol_actions_approvals ON public.aol_actions USING btree (approval_expires_at) WHERE (status = 'AWAITING_APPROVAL'::text)
CREATE INDEX aol_actions_by_status ON public.aol_actions USING btree (lane, status, id) WITH (deduplicate_items=off)
CREATE INDEX aol_actions_claim_order ON public.aol_actions USING btree (lane, mode, priority DESC, run_at, id) WITH (deduplicate_items=off) WHERE (status = 'PENDING'::text)
CREATE INDEX aol_actions_due_approvals ON public.aol_actions USING btree (lane, run_at, id) WHERE (status = 'AWAITING_APPROVAL'::text)
CREATE INDEX aol_actions_held ON public.aol_actions USING btree (lane, mode, claim_tick_id) WHERE (claim_tick_id IS NOT NULL)
CREATE INDEX aol_actions_held_by ON public.aol_actions USING btree (held_by, id) WHERE ((held_by IS NOT NULL) AND (status = 'PENDING'::text))
CREATE UNIQUE INDEX aol_actions_key_of_its_own ON public.aol_actions USING btree (lane, idempotency_key) WHERE (idempotency_key <> (id)::text)
CREATE UNIQUE INDEX aol_actions_pkey ON public.aol_actions USING btree (id)
CREATE UNIQUE INDEX aol_actions_promoted_once ON public.aol_actions USING btree (promoted_from) WHERE (promoted_from IS NOT NULL)
CREATE INDEX aol_actions_real_success ON public.aol_actions USING btree (lane, type) WHERE ((mode = 'REAL'::text) AND (status = 'SUCCESS'::text))
CREATE UNIQUE INDEX aol_actions_revised_once ON public.aol_actions USING btree (revises) WHERE (revises IS NOT NULL)
CREATE INDEX aol_actions_shown_ahead ON public.aol_actions USING btree (lane, due_at, id) WHERE ((status = 'PENDING'::text) AND (run_at < due_at))
CREATE UNIQUE INDEX aol_api_tokens_live_name ON public.aol_api_tokens USING btree (name) WHERE (revoked_at IS NULL)
CREATE UNIQUE INDEX aol_api_tokens_pkey ON public.aol_api_tokens USING btree (id)
CREATE UNIQUE INDEX aol_api_tokens_sha256_key ON public.aol_api_tokens USING btree (sha256)
CREATE UNIQUE INDEX aol_autonomy_pkey ON public.aol_autonomy USING btree (lane, type)
CREATE INDEX aol_blob_uses_of_blob ON public.aol_blob_uses USING btree (sha256)
CREATE UNIQUE INDEX aol_blob_uses_pkey ON public.aol_blob_uses USING btree (action_id, sha256)
CREATE UNIQUE INDEX aol_blobs_pkey ON public.aol_blobs USING btree (sha256)
CREATE UNIQUE INDEX aol_budget_use_pkey ON public.aol_budget_use USING btree (scope, name, span, unit, begins_at)
CREATE UNIQUE INDEX aol_budgets_pkey ON public.aol_budgets USING btree (scope, name, span, unit, source)
CREATE UNIQUE INDEX aol_control_flags_pkey ON public.aol_control_flags USING btree (lane, name)
CREATE INDEX aol_execution_logs_acts ON public.aol_execution_logs USING btree (id) WHERE (event <> ALL (ARRAY['ENQUEUED'::text, 'CLAIMED'::text, 'ATTEMPT_STARTED'::text, 'SUCCEEDED'::text, 'RETRY_SCHEDULED'::text, 'AWAITING_APPROVAL'::text, 'DEAD_LETTERED'::text, 'UNCONFIRMED'::text, 'RELEASED'::text, 'RECEIPT_RECORDED'::text, 'LEASE_TAKEN'::text, 'LEASE_RELEASED'::text, 'REFUSED'::text]))
CREATE INDEX aol_execution_logs_of_action ON public.aol_execution_logs USING btree (action_id, id) WITH (deduplicate_items=off) WHERE (action_id IS NOT NULL)
CREATE INDEX aol_execution_logs_of_tick ON public.aol_execution_logs USING btree (tick_id, id) WHERE (tick_id IS NOT NULL)
CREATE UNIQUE INDEX aol_execution_logs_one_intent ON public.aol_execution_logs USING btree (action_id, attempt) WHERE (event = 'ATTEMPT_STARTED'::text)
CREATE UNIQUE INDEX aol_execution_logs_one_outcome ON public.aol_execution_logs USING btree (action_id, attempt) WHERE ((attempt IS NOT NULL) AND (event = ANY (ARRAY['SUCCEEDED'::text, 'RETRY_SCHEDULED'::text, 'AWAITING_APPROVAL'::text, 'DEAD_LETTERED'::text, 'UNCONFIRMED'::text, 'RELEASED'::text])))
CREATE UNIQUE INDEX aol_execution_logs_pkey ON public.aol_execution_logs USING btree (id)
CREATE INDEX aol_execution_logs_severe ON public.aol_execution_logs USING btree (id) WHERE (level = ANY (ARRAY['WARNING'::text, 'ERROR'::text]))
CREATE UNIQUE INDEX aol_lease_pkey ON public.aol_lease USING btree (lane)
CREATE UNIQUE INDEX aol_notice_destinations_pkey ON public.aol_notice_destinations USING btree (name)
CREATE INDEX aol_notice_messages_of_destination ON public.aol_notice_messages USING btree (destination, created_at)
CREATE UNIQUE INDEX aol_notice_messages_one_waits ON public.aol_notice_messages USING btree (destination) WHERE (state = 'waiting'::text)
CREATE UNIQUE INDEX aol_notice_messages_pkey ON public.aol_notice_messages USING btree (id)
CREATE INDEX aol_notices_by_time ON public.aol_notices USING btree (at)
CREATE UNIQUE INDEX aol_notices_occasion_destination_key ON public.aol_notices USING btree (occasion, destination)
CREATE INDEX aol_notices_of_message ON public.aol_notices USING btree (message_id) WHERE (message_id IS NOT NULL)
CREATE UNIQUE INDEX aol_notices_pkey ON public.aol_notices USING btree (id)
CREATE INDEX aol_notices_waiting ON public.aol_notices USING btree (destination, at) WHERE (state = 'waiting'::text)
CREATE UNIQUE INDEX aol_people_issuer_subject_key ON public.aol_people USING btree (issuer, subject)
CREATE UNIQUE INDEX aol_people_name_key ON public.aol_people USING btree (name)
CREATE UNIQUE INDEX aol_people_pkey ON public.aol_people USING btree (id)
CREATE UNIQUE INDEX aol_preparations_pkey ON public.aol_preparations USING btree (action_id, name)
CREATE INDEX aol_sessions_expires_at ON public.aol_sessions USING btree (expires_at)
CREATE UNIQUE INDEX aol_sessions_pkey ON public.aol_sessions USING btree (id)
CREATE UNIQUE INDEX aol_sessions_sha256_key ON public.aol_sessions USING btree (sha256)
CREATE INDEX aol_tick_ledger_by_start ON public.aol_tick_ledger USING btree (started_at, id)
CREATE UNIQUE INDEX aol_tick_ledger_lane_number_key ON public.aol_tick_ledger USING btree (lane, number)
CREATE INDEX aol_tick_ledger_open ON public.aol_tick_ledger USING btree (lane) WHERE (finished_at IS NULL)
CREATE UNIQUE INDEX aol_tick_ledger_pkey ON public.aol_tick_ledger USING btree (id)
CREATE TRIGGER aol_accounts_keep_credential BEFORE UPDATE OF credential, credential_version ON public.aol_accounts FOR EACH ROW WHEN (((old.credential IS NOT NULL) AND ((new.credential IS NULL) OR ((new.credential IS DISTINCT FROM old.credential) AND (new.credential_version <= old.credential_version))))) EXECUTE FUNCTION aol_keep_credential()
CREATE TRIGGER aol_actions_approval_stays_needed AFTER UPDATE OF approval_needed ON public.aol_actions FOR EACH ROW WHEN ((old.approval_needed AND (NOT new.approval_needed))) EXECUTE FUNCTION aol_refuse_approval_withdrawn()
CREATE TRIGGER aol_actions_approved AFTER UPDATE OF status, approval_sha256 ON public.aol_actions FOR EACH ROW WHEN ((((old.status = 'AWAITING_APPROVAL'::text) AND (new.status = 'PENDING'::text)) OR ((new.approval_sha256 IS NOT NULL) AND (new.approval_sha256 IS DISTINCT FROM old.approval_sha256)))) EXECUTE FUNCTION aol_check_approval()
CREATE TRIGGER aol_actions_begin_unapproved AFTER INSERT ON public.aol_actions FOR EACH ROW WHEN ((((new.mode = 'REAL'::text) AND (NOT new.approval_needed)) OR (new.approval_sha256 IS NOT NULL))) EXECUTE FUNCTION aol_check_beginning()
CREATE TRIGGER aol_actions_delete BEFORE DELETE ON public.aol_actions FOR EACH ROW EXECUTE FUNCTION aol_check_action_delete()
CREATE TRIGGER aol_actions_immutable AFTER UPDATE OF id, lane, type, payload, idempotency_key, request_hash, mode, promoted_from, revises, created_by, created_at ON public.aol_actions FOR EACH ROW EXECUTE FUNCTION aol_refuse_immutable_columns()
CREATE TRIGGER aol_actions_new AFTER INSERT ON public.aol_actions REFERENCING NEW TABLE AS new_actions FOR EACH STATEMENT EXECUTE FUNCTION aol_check_new_actions()
CREATE TRIGGER aol_actions_rescheduled AFTER UPDATE OF due_at ON public.aol_actions FOR EACH ROW WHEN (((new.due_at IS DISTINCT FROM old.due_at) AND ((new.status <> old.status) OR (new.status <> ALL (ARRAY['PENDING'::text, 'AWAITING_APPROVAL'::text]))))) EXECUTE FUNCTION aol_refuse_immutable_columns()
CREATE TRIGGER aol_actions_revised AFTER UPDATE OF revised_by ON public.aol_actions FOR EACH ROW WHEN (((old.revised_by IS NOT NULL) AND (new.revised_by IS DISTINCT FROM old.revised_by))) EXECUTE FUNCTION aol_refuse_immutable_columns()
CREATE TRIGGER aol_actions_transition AFTER UPDATE OF status ON public.aol_actions FOR EACH ROW WHEN (((old.status <> new.status) AND (NOT aol_transition_allowed(old.status, new.status)))) EXECUTE FUNCTION aol_check_action_change()
CREATE TRIGGER aol_actions_use_blobs AFTER INSERT ON public.aol_actions FOR EACH ROW WHEN ((jsonb_exists(new.payload, 'media'::text) OR jsonb_exists(new.payload, 'attachments'::text))) EXECUTE FUNCTION aol_use_blobs()
CREATE TRIGGER aol_api_tokens_immutable BEFORE UPDATE ON public.aol_api_tokens FOR EACH ROW EXECUTE FUNCTION aol_guard_api_tokens()
CREATE TRIGGER aol_autonomy_heed_rule AFTER INSERT OR UPDATE ON public.aol_autonomy FOR EACH ROW WHEN ((new.level = 'approve'::text)) EXECUTE FUNCTION aol_heed_rule()
CREATE TRIGGER aol_control_flags_heed_rule AFTER INSERT OR UPDATE ON public.aol_control_flags FOR EACH ROW WHEN (((new.name = 'approval_policy'::text) AND (new.value <> '"none"'::jsonb))) EXECUTE FUNCTION aol_heed_rule()
CREATE TRIGGER aol_execution_logs_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.aol_execution_logs FOR EACH STATEMENT EXECUTE FUNCTION aol_guard_logs()
CREATE TRIGGER aol_execution_logs_heed_failure AFTER INSERT ON public.aol_execution_logs FOR EACH ROW WHEN ((new.event = ANY (ARRAY['REJECTED'::text, 'UNCONFIRMED'::text, 'DEAD_LETTERED'::text]))) EXECUTE FUNCTION aol_heed_failure()
CREATE TRIGGER aol_execution_logs_notice AFTER INSERT ON public.aol_execution_logs FOR EACH ROW WHEN (((new.event = ANY (ARRAY['AWAITING_APPROVAL'::text, 'UNCONFIRMED'::text, 'DEAD_LETTERED'::text, 'FLAG_CHANGED'::text, 'ACCOUNT_CHANGED'::text])) OR ((new.event = 'CANCELLED'::text) AND jsonb_exists(new.detail, 'expired'::text)))) EXECUTE FUNCTION aol_heed_notice()
CREATE TRIGGER aol_execution_logs_pruned AFTER DELETE ON public.aol_execution_logs REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION aol_note_pruned_logs()
CREATE TRIGGER aol_lease_fence BEFORE DELETE OR UPDATE OF lane, owner, token ON public.aol_lease FOR EACH ROW EXECUTE FUNCTION aol_guard_lease()
CREATE TRIGGER aol_people_keep_name BEFORE UPDATE OF id, issuer, subject, name ON public.aol_people FOR EACH ROW EXECUTE FUNCTION aol_guard_people()
VIEW aol_claimable
SEQUENCE aol_execution_logs_id_seq
VIEW aol_held
SEQUENCE aol_notices_id_seq
SEQUENCE aol_pruned_log_id
FUNCTION aol_account_hold(of_account text) RETURNS jsonb
FUNCTION aol_actions_named(keys text[]) RETURNS TABLE(lane text, key text, id uuid)
FUNCTION aol_amount_words(amount bigint, unit text) RETURNS text
FUNCTION aol_approval_occasion(of_action uuid, expires_at timestamp with time zone) RETURNS text
FUNCTION aol_approvers(of_action uuid, of_lane text, of_sha256 text) RETURNS text[]
FUNCTION aol_askers(of_action uuid) RETURNS text[]
FUNCTION aol_autonomy_level(of_lane text, of_type text) RETURNS text
FUNCTION aol_awaits(approver text, of_action uuid) RETURNS boolean
FUNCTION aol_became(of_action uuid) RETURNS uuid
FUNCTION aol_budget_ends(begins_at timestamp with time zone, span text) RETURNS timestamp with time zone
FUNCTION aol_budget_key(scope text, name text) RETURNS text
FUNCTION aol_budget_limits(of_scope text, of_name text) RETURNS TABLE(span text, unit text, most bigint, source text, set_by text)
FUNCTION aol_cause(last_error text) RETURNS text
FUNCTION aol_check_action_change() RETURNS trigger
FUNCTION aol_check_action_delete() RETURNS trigger
FUNCTION aol_check_approval() RETURNS trigger
FUNCTION aol_check_beginning() RETURNS trigger
FUNCTION aol_check_new_actions() RETURNS trigger
FUNCTION aol_claim(request jsonb) RETURNS TABLE(answer jsonb, id uuid, mode text, type text, payload jsonb, due_at timestamp with time zone, promoted_from uuid, approval_sha256 text, artifact_uri text, attempt_number integer, attempt smallint, max_attempts smallint, claim_count smallint)
FUNCTION aol_close_overdue(of_lane text) RETURNS integer
FUNCTION aol_close_proofs(of_tick uuid, items jsonb, is_more boolean) RETURNS jsonb
FUNCTION aol_count_by_status(of_lane text, statuses text[], at_most bigint) RETURNS TABLE(lane text, status text, count bigint)
FUNCTION aol_create_lane(new_lane text, actor text) RETURNS boolean
FUNCTION aol_drawn_between(of_scope text, of_name text, from_id bigint, before_id bigint) RETURNS TABLE(name text, hour timestamp with time zone, effects bigint, micro_usd bigint)
FUNCTION aol_drawn_from(limits jsonb, draws jsonb) RETURNS jsonb
FUNCTION aol_due_in_ms(of_lane text, of_modes text[]) RETURNS double precision
FUNCTION aol_find_notices(worker_is_proof boolean, watched_ms double precision) RETURNS integer
FUNCTION aol_first_claim(of_lane text, of_type text, due_at timestamp with time zone, approval_needed boolean) RETURNS timestamp with time zone
FUNCTION aol_first_log(since timestamp with time zone) RETURNS bigint
FUNCTION aol_first_log_since(since timestamp with time zone) RETURNS bigint
FUNCTION aol_flag_value(flag aol_control_flags) RETURNS jsonb
FUNCTION aol_flag_value_valid(name text, value jsonb) RETURNS boolean
FUNCTION aol_give_back(given jsonb, indexes integer[]) RETURNS void
FUNCTION aol_given_back(items jsonb) RETURNS jsonb
FUNCTION aol_given_back_by_word(of_action uuid) RETURNS jsonb
FUNCTION aol_guard_api_tokens() RETURNS trigger
FUNCTION aol_guard_lease() RETURNS trigger
FUNCTION aol_guard_logs() RETURNS trigger
FUNCTION aol_guard_people() RETURNS trigger
FUNCTION aol_heed_failure() RETURNS trigger
FUNCTION aol_heed_notice() RETURNS trigger
FUNCTION aol_heed_rule() RETURNS trigger
FUNCTION aol_is_agent(actor text) RETURNS boolean
FUNCTION aol_keep_counters(limits jsonb) RETURNS void
FUNCTION aol_keep_credential() RETURNS trigger
FUNCTION aol_lacks_room(limits jsonb, draws jsonb) RETURNS jsonb
FUNCTION aol_lane_flags(of_lane text, OUT killed boolean, OUT paused boolean, OUT proof_only boolean, OUT max_actions_per_tick integer, OUT tick_interval_ms integer, OUT max_tick_ms integer, OUT max_running integer, OUT approval_policy text, OUT approver_must_differ boolean, OUT approvals_needed integer) RETURNS record
FUNCTION aol_late_receipt(of_action uuid) RETURNS jsonb
FUNCTION aol_leave(items jsonb) RETURNS TABLE(index integer, answer text)
FUNCTION aol_lock_counters(given jsonb) RETURNS void
FUNCTION aol_lock_due(of_lane text, of_mode text, at_most integer, from_priority smallint, from_run_at timestamp with time zone, from_id uuid) RETURNS TABLE(id uuid, priority smallint, run_at timestamp with time zone, claim_count smallint, is_oldest boolean, from_start boolean, passing_ms double precision)
FUNCTION aol_lower_autonomy(of_action uuid, because text) RETURNS void
FUNCTION aol_note_pruned_logs() RETURNS trigger
FUNCTION aol_notice_of_log(l aol_execution_logs) RETURNS void
FUNCTION aol_oldest_queued(of_lane text, of_mode text, OUT id uuid, OUT run_at timestamp with time zone) RETURNS record
FUNCTION aol_open_attempt(of_action uuid, OUT attempt integer, OUT remaining_ms double precision) RETURNS record
FUNCTION aol_open_counters(draws jsonb, drawn_at timestamp with time zone) RETURNS jsonb
FUNCTION aol_open_ticks(of_lane text) RETURNS jsonb
FUNCTION aol_pass_gate(of_lane text, of_action uuid, of_tick uuid, under_token bigint, sha256 text, uri text, worker text, worker_is_proof boolean, attempt_timeout_ms double precision, redelivery jsonb, only_look boolean, of_account text, draws jsonb, limits jsonb, drawn_at timestamp with time zone) RETURNS jsonb
FUNCTION aol_pass_gates(requests jsonb) RETURNS TABLE(index integer, answer jsonb)
FUNCTION aol_provider(of_type text, payload jsonb) RETURNS text
FUNCTION aol_prune_logs(older_than timestamp with time zone, at_most integer) RETURNS integer
FUNCTION aol_quiet_tick(of_lane text, of_tick uuid, of_token bigint, of_mode text, of_outcome text, of_run text) RETURNS bigint
FUNCTION aol_refuse_approval_withdrawn() RETURNS trigger
FUNCTION aol_refuse_immutable_columns() RETURNS trigger
FUNCTION aol_release_followers() RETURNS TABLE(lane text)
FUNCTION aol_release_held(of_scope text, of_name text) RETURNS TABLE(lane text)
FUNCTION aol_room_for(of_scope text, of_name text) RETURNS bigint
FUNCTION aol_rules_ask(of_lane text, of_type text, approval_policy text, autonomy text) RETURNS boolean
FUNCTION aol_sent(of_action uuid) RETURNS text
FUNCTION aol_set_budgets(of_scope text, of_name text, of_source text, changes jsonb, actor text, why text, counted jsonb, from_id bigint) RETURNS void
FUNCTION aol_show_ahead(of_lane text) RETURNS void
FUNCTION aol_take_back(of_lane text, under_token bigint, is_kill boolean, except_tick uuid, max_deaths integer) RETURNS integer
FUNCTION aol_take_up(of_tick uuid, under_token bigint, by_worker text, only_ids uuid[], suspect_deaths integer, max_deaths integer) RETURNS SETOF aol_actions
FUNCTION aol_transition_allowed(old_status text, new_status text) RETURNS boolean
FUNCTION aol_uncertain(of_action uuid) RETURNS TABLE(attempt integer, at timestamp with time zone)
FUNCTION aol_uncertain_attempts(of_action uuid, OUT how_many integer, OUT last_attempt integer, OUT first_at timestamp with time zone, OUT last_at timestamp with time zone) RETURNS record
FUNCTION aol_use_blobs() RETURNS trigger
FUNCTION aol_waiting_priorities(of_lane text, of_mode text) RETURNS SETOF smallint
FUNCTION aol_worker_lives(worker text, since timestamp with time zone) RETURNS boolean
