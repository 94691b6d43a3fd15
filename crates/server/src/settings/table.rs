//! The table of settings: our files, the reference's keys and the printed page all come from it.

use super::{
    Applies::{AtOnce, AtStart},
    MOST,
    Per::{Namespace, Process, TaskQueue},
    Range::{Between, Switch, Text, Texts},
    Setting,
    value::Read,
};

/// Declares settings by the path of their field.
macro_rules! settings {
    ($($room:ident . $field:ident, $key:expr, $per:expr, $applies:expr, $range:expr, $unit:literal, $reason:literal;)+) => {
        /// Every setting, by room.
        pub(crate) const SETTINGS: &[Setting] = &[$(Setting {
            name: concat!(stringify!($room), ".", stringify!($field)),
            key: $key,
            per: $per,
            applies: $applies,
            unit: $unit,
            range: $range,
            reason: $reason,
            show: |settings| settings.$room.$field.show(),
            set: |settings, value| {
                settings.$room.$field = Read::read(value)?;
                Some(())
            },
        }),+];
    };
}

settings! {
    limits.blob_bytes_max, Some("limit.blobSize.error"), Namespace, AtOnce, Between(1.0, MOST), "bytes", "larger payloads are wanted, or smaller ones enforced";
    limits.blob_bytes_warn, Some("limit.blobSize.warn"), Namespace, AtOnce, Between(1.0, MOST), "bytes", "the log should tell of large payloads sooner or later";
    limits.memo_bytes_max, Some("limit.memoSize.error"), Namespace, AtOnce, Between(1.0, MOST), "bytes", "larger memos are wanted, or smaller ones enforced";
    limits.memo_bytes_warn, Some("limit.memoSize.warn"), Namespace, AtOnce, Between(1.0, MOST), "bytes", "the log should tell of large memos sooner or later";
    limits.summary_bytes_max, Some("limit.userMetadataSummarySize"), Namespace, AtOnce, Between(0.0, MOST), "bytes", "standalone activities have longer summaries";
    limits.details_bytes_max, Some("limit.userMetadataDetailsSize"), Namespace, AtOnce, Between(0.0, MOST), "bytes", "standalone activities have longer details";
    limits.build_id_bytes_max, Some("limit.workerBuildIdSize"), Namespace, AtOnce, Between(1.0, MOST), "bytes", "builds of workers have longer ids";
    limits.id_bytes_max, Some("limit.maxIDLength"), Process, AtOnce, Between(1.0, MOST), "bytes", "longer ids and names are wanted, or shorter ones enforced";
    limits.search_attribute_keys_max, Some("frontend.searchAttributesNumberOfKeysLimit"), Namespace, AtOnce, Between(0.0, MOST), "", "runs have more search attributes";
    limits.search_attribute_bytes_max, Some("frontend.searchAttributesSizeOfValueLimit"), Namespace, AtOnce, Between(1.0, MOST), "bytes", "search attributes have longer values";
    limits.search_attributes_bytes_max, Some("frontend.searchAttributesTotalSizeLimit"), Namespace, AtOnce, Between(1.0, MOST), "bytes", "search attributes take more room together";
    limits.links_max, Some("frontend.maxlinksPerRequest"), Namespace, AtOnce, Between(0.0, MOST), "", "requests bring more links";
    limits.link_bytes_max, Some("frontend.linkMaxSize"), Namespace, AtOnce, Between(1.0, MOST), "bytes", "links are longer";
    limits.callbacks_max, Some("system.maxCallbacksPerWorkflow"), Namespace, AtOnce, Between(0.0, MOST), "", "runs have more callbacks";
    limits.callback_url_bytes_max, Some("frontend.callbackURLMaxLength"), Namespace, AtOnce, Between(1.0, MOST), "bytes", "addresses of callbacks are longer";
    limits.callback_header_bytes_max, Some("frontend.callbackHeaderMaxLength"), Namespace, AtOnce, Between(1.0, MOST), "bytes", "headers of callbacks are longer";
    limits.pending_activities_max, Some("limit.numPendingActivities.error"), Namespace, AtOnce, Between(0.0, MOST), "", "runs have more activities at a time";
    limits.pending_children_max, Some("limit.numPendingChildExecutions.error"), Namespace, AtOnce, Between(0.0, MOST), "", "runs have more children at a time";
    limits.pending_signals_max, Some("limit.numPendingSignals.error"), Namespace, AtOnce, Between(0.0, MOST), "", "runs send more signals at a time";
    limits.pending_cancels_max, Some("limit.numPendingCancelRequests.error"), Namespace, AtOnce, Between(0.0, MOST), "", "runs cancel more other runs at a time";
    limits.pending_nexus_operations_max, Some("component.nexusoperations.limit.operation.concurrency"), Namespace, AtOnce, Between(0.0, MOST), "", "runs have more Nexus operations at a time";
    limits.nexus_name_bytes_max, Some("component.nexusoperations.limit.operation.name.length"), Namespace, AtOnce, Between(1.0, MOST), "bytes", "names of Nexus services and operations are longer";
    limits.nexus_header_bytes_max, Some("component.nexusoperations.limit.header.size"), Namespace, AtOnce, Between(1.0, MOST), "bytes", "headers of Nexus operations are larger";
    limits.signals_max, Some("history.maximumSignalsPerExecution"), Namespace, AtOnce, Between(0.0, MOST), "", "runs are signalled more often";
    limits.buffered_events_max, Some("history.maximumBufferedEventsBatch"), Process, AtOnce, Between(0.0, MOST), "", "more happens while a worker has a workflow task";
    limits.buffered_bytes_max, Some("history.maximumBufferedEventsSizeInBytes"), Process, AtOnce, Between(1.0, MOST), "bytes", "larger things happen while a worker has a workflow task";
    limits.suggest_events, Some("limit.historyCount.suggestContinueAsNew"), Namespace, AtOnce, Between(0.0, MOST), "events", "workflows should continue as new sooner or later";
    limits.suggest_bytes, Some("limit.historySize.suggestContinueAsNew"), Namespace, AtOnce, Between(1.0, MOST), "bytes", "workflows should continue as new sooner or later";
    limits.history_events_max, Some("limit.historyCount.error"), Namespace, AtOnce, Between(0.0, MOST), "events", "longer runs are wanted, or runaway ones ended sooner";
    limits.history_events_warn, Some("limit.historyCount.warn"), Namespace, AtOnce, Between(0.0, MOST), "events", "the log should tell of long runs sooner or later";
    limits.history_bytes_max, Some("limit.historySize.error"), Namespace, AtOnce, Between(1.0, MOST), "bytes", "larger runs are wanted, or runaway ones ended sooner";
    limits.history_bytes_warn, Some("limit.historySize.warn"), Namespace, AtOnce, Between(1.0, MOST), "bytes", "the log should tell of large runs sooner or later";
    limits.state_bytes_max, Some("limit.mutableStateSize.error"), Process, AtOnce, Between(1.0, MOST), "bytes", "runs hold more at a time";
    limits.state_bytes_warn, Some("limit.mutableStateSize.warn"), Process, AtOnce, Between(1.0, MOST), "bytes", "the log should tell of large states sooner or later";
    limits.transaction_bytes_max, Some("system.transactionSizeLimit"), Process, AtOnce, Between(1.0, MOST), "bytes", "one answer of a worker holds more";
    limits.failure_bytes_max, Some("limit.mutableStateActivityFailureSize.error"), Namespace, AtOnce, Between(1.0, MOST), "bytes", "more of a failed attempt should be shown while the activity is retried";
    limits.failure_bytes_warn, Some("limit.mutableStateActivityFailureSize.warn"), Namespace, AtOnce, Between(1.0, MOST), "bytes", "the log should tell of large failures sooner or later";
    limits.reset_points_max, Some("history.historyMaxAutoResetPoints"), Namespace, AtOnce, Between(0.0, MOST), "", "runs see more builds of their workers";
    limits.workflow_task_timeout_default, Some("history.defaultWorkflowTaskTimeout"), Namespace, AtOnce, Between(0.001, MOST), "s", "workers need longer for a workflow task";
    limits.workflow_task_timeout_max, None, Namespace, AtOnce, Between(0.001, MOST), "s", "workers need very long for a workflow task";
    limits.workflow_task_backoff_max, Some("history.workflowTaskRetryMaxInterval"), Process, AtOnce, Between(0.0, MOST), "s", "broken workers should be asked more or less often";
    limits.workflow_task_heartbeat_max, Some("history.workflowTaskHeartbeatTimeout"), Namespace, AtOnce, Between(0.0, MOST), "s", "local activities take very long";
    limits.updates_in_flight_max, Some("history.maxInFlightUpdates"), Namespace, AtOnce, Between(0.0, MOST), "", "more updates go on at a time";
    limits.update_bytes_in_flight_max, Some("history.maxInFlightUpdatePayloads"), Namespace, AtOnce, Between(0.0, MOST), "bytes", "larger updates wait at a time";
    limits.updates_max, Some("history.maxTotalUpdates"), Namespace, AtOnce, Between(0.0, MOST), "", "runs are updated more often";
    limits.suggest_updates, Some("history.maxTotalUpdates.suggestContinueAsNewThreshold"), Namespace, AtOnce, Between(0.0, 1.0), "", "workflows should continue as new after more or fewer of the updates they may have";
    limits.speculative_wait, None, Namespace, AtOnce, Between(0.001, MOST), "s", "workers take long to fetch an update";
    limits.told_events_max, Some("history.discardSpeculativeWorkflowTaskMaximumEventsCount"), Process, AtOnce, Between(0.0, MOST), "events", "rejected updates should leave no trace after longer pauses";
    limits.completion_pages, Some("history.enableWorkflowTaskCompletionPagination"), Namespace, AtOnce, Switch, "", "what workers answer to one workflow task is larger than a request may be";
    limits.completion_bytes_max, Some("history.workflowTaskCompletionBufferSizeLimit"), Namespace, AtOnce, Between(1.0, MOST), "bytes", "workers answer more or less to one workflow task";
    limits.reported_problems_min, Some("system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute"), Namespace, AtOnce, Between(0.0, MOST), "", "workflows whose tasks fail should be found sooner or later; 0 is never";
    limits.eager_activities, Some("system.enableActivityEagerExecution"), Namespace, AtOnce, Switch, "", "activities must always go through a task queue";
    limits.deployments_max, Some("matching.maxDeployments"), Namespace, AtOnce, Between(0.0, MOST), "", "a namespace has more worker deployments";
    limits.deployment_versions_max, Some("matching.maxVersionsInDeployment"), Namespace, AtOnce, Between(1.0, MOST), "", "builds follow each other quickly";
    limits.version_queues_max, Some("matching.maxTaskQueuesInDeploymentVersion"), Namespace, AtOnce, Between(1.0, MOST), "", "workers of one version serve more task queues";
    limits.drainage_grace, Some("matching.wv.VersionDrainageStatusVisibilityGracePeriod"), Namespace, AtOnce, Between(0.0, MOST), "s", "it should be known sooner or later that nothing runs on an old version";
    limits.drainage_refresh, Some("matching.wv.VersionDrainageStatusRefreshInterval"), Namespace, AtOnce, Between(0.001, MOST), "s", "as above, for the looks after the first";
    frontend.message_bytes_max, None, Process, AtStart, Between(1024.0, 134_217_728.0), "bytes", "clients send larger requests than the SDKs' default allows";
    frontend.page_rows_max, Some("frontend.visibilityMaxPageSize"), Namespace, AtOnce, Between(1.0, MOST), "rows", "lists answer too much or too little at a time";
    frontend.eager_workflow_start, Some("system.enableEagerWorkflowStart"), Namespace, AtOnce, Switch, "", "the first workflow task must always go through a task queue";
    frontend.updates, Some("frontend.enableUpdateWorkflowExecution"), Namespace, AtOnce, Switch, "", "workflows must not be updated";
    frontend.updates_accepted, Some("frontend.enableUpdateWorkflowExecutionAsyncAccepted"), Namespace, AtOnce, Switch, "", "callers of updates have to wait for the outcome";
    frontend.multi_operations, Some("frontend.enableExecuteMultiOperation"), Namespace, AtOnce, Switch, "", "a start and an update must be two calls";
    frontend.workflow_pause, Some("frontend.WorkflowPauseEnabled"), Namespace, AtOnce, Switch, "", "operators should be able to pause workflows";
    frontend.workflow_rules, Some("frontend.workflowRulesAPIsEnabled"), Namespace, AtOnce, Switch, "", "activities that match should be paused by themselves";
    frontend.workflow_rules_max, Some("frontend.maxWorkflowRulesPerNamespace"), Namespace, AtOnce, Between(1.0, 1000.0), "rules", "more rules are needed at a time; each is held against every activity that starts";
    frontend.version_sets, Some("frontend.workerVersioningDataAPIs"), Namespace, AtOnce, Switch, "", "version sets of workers, which are deprecated, are still wanted";
    frontend.version_sets_max, Some("limit.versionCompatibleSetLimitPerQueue"), Namespace, AtOnce, Between(0.0, MOST), "", "a task queue has more version sets";
    frontend.version_set_builds_max, Some("limit.versionBuildIdLimitPerQueue"), Namespace, AtOnce, Between(0.0, MOST), "", "version sets have more build ids";
    frontend.reachability_builds_max, Some("limit.reachabilityQueryBuildIds"), Namespace, AtOnce, Between(1.0, MOST), "", "the reachability of more builds is asked for at a time";
    frontend.reachability_queues_max, Some("limit.reachabilityTaskQueueScan"), Namespace, AtOnce, Between(1.0, MOST), "", "as above, on more task queues";
    frontend.builds_of_workers, Some("frontend.workerVersioningWorkflowAPIs"), Namespace, AtOnce, Switch, "", "workers that go by version sets or rules should be refused";
    frontend.versioning_rules, Some("frontend.workerVersioningRuleAPIs"), Namespace, AtOnce, Switch, "", "versioning rules of workers, which are deprecated, are still wanted";
    frontend.assignment_rules_max, Some("limit.wv.AssignmentRuleLimitPerQueue"), Namespace, AtOnce, Between(0.0, MOST), "", "a task queue has more assignment rules";
    frontend.redirect_rules_max, Some("limit.wv.RedirectRuleLimitPerQueue"), Namespace, AtOnce, Between(0.0, MOST), "", "a task queue has more redirect rules";
    frontend.redirect_upstream_max, Some("limit.wv.RedirectRuleMaxUpstreamBuildIDsPerQueue"), Namespace, AtOnce, Between(0.0, MOST), "", "chains of redirect rules are longer";
    frontend.queries_refused, Some("system.disallowQuery"), Namespace, AtOnce, Switch, "", "queries cost too much";
    frontend.polls_end_with_worker, Some("frontend.enableCancelWorkerPollsOnShutdown"), Namespace, AtOnce, Switch, "", "workers are replaced often, and tasks must not wait for those that have gone";
    frontend.time_skipping, Some("frontend.WorkflowTimeSkippingEnabled"), Namespace, AtOnce, Switch, "", "tests set the clocks of single runs forward";
    frontend.time_skipping_jumps, Some("frontend.WorkflowTimeSkippingMaxSkipPerSession"), Namespace, AtOnce, Between(1.0, MOST), "", "runs under test jump more often";
    frontend.worker_heartbeats, Some("frontend.WorkerHeartbeatsEnabled"), Namespace, AtOnce, Switch, "", "workers should not tell of themselves";
    frontend.http_allowed_hosts, Some("frontend.httpAllowedHosts"), Process, AtOnce, Texts, "", "only some names of the HTTP listener should be answered, so that a web page can't reach it by a name of its own";
    frontend.callback_addresses, Some("callback.allowedAddresses"), Namespace, AtOnce, Texts, "", "workflows should tell servers outside of the cluster of their ends";
    frontend.rps, Some("frontend.rps"), Process, AtOnce, Between(0.0, MOST), "per second", "the process must not be overloaded";
    frontend.rps_cluster, Some("frontend.globalRPS"), Process, AtOnce, Between(0.0, MOST), "per second", "as above, for all processes together; 0 is none";
    frontend.changes_rps, Some("frontend.rps.namespaceReplicationInducingAPIs"), Process, AtOnce, Between(0.0, MOST), "per second", "namespaces are changed too often";
    frontend.namespace_rps, Some("frontend.namespaceRPS"), Namespace, AtOnce, Between(0.0, MOST), "per second", "a namespace must not take all of the server";
    frontend.namespace_rps_cluster, Some("frontend.globalNamespaceRPS"), Namespace, AtOnce, Between(0.0, MOST), "per second", "as above, for all processes together; 0 is none";
    frontend.namespace_burst, Some("frontend.namespaceBurstRatio"), Namespace, AtOnce, Between(1.0, MOST), "s", "more or fewer calls may come at once";
    frontend.namespace_visibility_rps, Some("frontend.namespaceRPS.visibility"), Namespace, AtOnce, Between(0.0, MOST), "per second", "lists and counts of a namespace cost too much";
    frontend.namespace_visibility_rps_cluster, Some("frontend.globalNamespaceRPS.visibility"), Namespace, AtOnce, Between(0.0, MOST), "per second", "as above, for all processes together; 0 is none";
    frontend.namespace_visibility_burst, Some("frontend.namespaceBurstRatio.visibility"), Namespace, AtOnce, Between(1.0, MOST), "s", "more or fewer lists may come at once";
    frontend.namespace_changes_rps, Some("frontend.namespaceRPS.namespaceReplicationInducingAPIs"), Namespace, AtOnce, Between(0.0, MOST), "per second", "a namespace is changed too often";
    frontend.namespace_changes_rps_cluster, Some("frontend.globalNamespaceRPS.namespaceReplicationInducingAPIs"), Namespace, AtOnce, Between(0.0, MOST), "per second", "as above, for all processes together; 0 is none";
    frontend.namespace_changes_burst, Some("frontend.namespaceBurstRatio.namespaceReplicationInducingAPIs"), Namespace, AtOnce, Between(1.0, MOST), "s", "more or fewer changes may come at once";
    frontend.batches_max, Some("frontend.MaxConcurrentBatchOperationPerNamespace"), Namespace, AtOnce, Between(0.0, MOST), "", "batch operations should wait for each other";
    frontend.waiting_max, Some("frontend.namespaceCount"), Namespace, AtOnce, Between(0.0, MOST), "", "too many polls, queries or updates of a namespace wait, of one kind at a time";
    frontend.retention_min, Some("system.namespaceMinRetentionLocal"), Process, AtOnce, Between(0.0, MOST), "s", "closed runs must be kept longer, or may go sooner";
    frontend.bad_binaries_max, Some("frontend.maxBadBinaries"), Process, AtOnce, Between(0.0, MOST), "", "more builds of workers are known to be bad";
    frontend.protected_namespaces, Some("worker.protectedNamespaces"), Process, AtOnce, Texts, "", "some namespaces must not be deleted by mistake";
    frontend.connection_age_max, Some("frontend.keepAliveMaxConnectionAge"), Process, AtStart, Between(1.0, MOST), "s", "clients should spread over processes sooner or later";
    frontend.ping_interval, Some("frontend.keepAliveTime"), Process, AtStart, Between(1.0, MOST), "s", "something in between cuts idle connections";
    frontend.ping_timeout, Some("frontend.keepAliveTimeout"), Process, AtStart, Between(1.0, MOST), "s", "clients are far away";
    matching.rps, Some("matching.rps"), Process, AtOnce, Between(0.0, MOST), "per second", "the process must not be overloaded";
    matching.poll_wait, Some("matching.longPollExpirationInterval"), TaskQueue, AtOnce, Between(0.1, 600.0), "s", "a proxy in between cuts long calls";
    matching.poll_margin, None, TaskQueue, AtOnce, Between(0.0, 10.0), "s", "empty answers arrive too late at clients far away";
    matching.fairness, Some("matching.enableFairness"), TaskQueue, AtOnce, Switch, "", "fairness keys should not count";
    matching.running_max, Some("matching.runningTasksMax"), TaskQueue, AtOnce, Between(0.0, MOST), "", "what the tasks of a queue use bears only so many at a time";
    matching.key_running_max, Some("matching.runningTasksPerFairnessKeyMax"), TaskQueue, AtOnce, Between(0.0, MOST), "", "nobody should take all the workers of a queue";
    matching.worker_lifetime, None, Namespace, AtOnce, Between(1.0, MOST), "s", "workers that died should be listed for a longer or shorter time";
    matching.workers_max, None, Process, AtOnce, Between(1.0, MOST), "", "there are very many workers, or memory is short";
    matching.workers_bytes_max, None, Process, AtOnce, Between(1024.0, MOST), "bytes", "there are very many workers, or memory is short";
    matching.query_wait, None, Process, AtStart, Between(1.0, MOST), "s", "queries without a deadline of their own should wait longer";
    matching.sticky_window, None, Process, AtStart, Between(1.0, 600.0), "s", "workers poll their sticky queue rarely";
    matching.idle_unload, Some("matching.maxTaskQueueIdleTime"), TaskQueue, AtOnce, Between(1.0, MOST), "s", "there are very many task queues that are used now and then";
    matching.sweep_interval, None, Process, AtOnce, Between(1.0, MOST), "s", "unloading idle queues should cost less or free memory sooner";
    matching.poller_window, Some("matching.PollerHistoryTTL"), Process, AtStart, Between(1.0, MOST), "s", "pollers should be listed longer after their last poll";
    matching.pollers_max, None, Process, AtStart, Between(1.0, MOST), "", "a queue has more workers than are listed";
    matching.queues_max, None, Process, AtOnce, Between(1.0, MOST), "", "there are more task queues in use than fit";
    matching.queries_max, None, Process, AtStart, Between(1.0, MOST), "", "more queries wait for workers than are let in";
    matching.backlog_entries_max, None, Process, AtStart, Between(1.0, MOST), "", "a backlog should stay in memory, or memory is short";
    matching.backlog_bytes_max, None, Process, AtStart, Between(1.0, MOST), "bytes", "a backlog should stay in memory, or memory is short";
    matching.dispatch_rate_max, Some("admin.matchingNamespaceTaskqueueToPartitionDispatchRate"), TaskQueue, AtOnce, Between(0.001, MOST), "per second", "one queue must not take all of the machine";
    matching.labelled_queues_max, None, Process, AtOnce, Between(0.0, MOST), "", "metrics of more task queues are wanted one by one";
    history.shards, None, Process, AtStart, Between(1.0, 16384.0), "", "many cores wait for each other";
    history.executions_max, Some("history.hostLevelCacheMaxSize"), Process, AtStart, Between(1.0, MOST), "", "memory is short, or runs are read from the store too often";
    history.executions_over_max, None, Process, AtStart, Between(0.0, MOST), "", "closed runs are asked for again and again, or memory is short";
    history.executions_bytes_max, None, Process, AtStart, Between(0.0, MOST), "bytes", "memory is short, or runs are read from the store too often";
    history.events_bytes_max, None, Namespace, AtOnce, Between(0.0, MOST), "bytes", "long histories are read from the store too often";
    history.wakes_ahead_secs, None, Process, AtStart, Between(1.0, MOST), "s", "there are very many timers, or memory is short";
    history.snapshot_every, None, Namespace, AtOnce, Between(1.0, MOST), "", "writes are too large, or loading a run takes too long";
    history.page_batches_max, Some("limit.historyMaxPageSize"), Namespace, AtOnce, Between(1.0, 1000.0), "batches", "workers fetch long histories in too many or too large pages";
    history.history_wait, Some("history.longPollExpirationInterval"), Namespace, AtOnce, Between(0.1, 60.0), "s", "a proxy in between cuts long calls";
    history.pages_bytes_max, Some("history.workflowTaskCompletionBufferTotalSizeLimit"), Process, AtOnce, Between(0.0, MOST), "bytes", "many workers answer in pages, or memory is short";
    history.pages_namespace_share, Some("history.workflowTaskCompletionBufferNamespaceRatio"), Process, AtOnce, Between(0.0, 1.0), "", "one namespace needs more of the memory for pages than the others";
    history.nexus_request_timeout, Some("component.nexusoperations.request.timeout"), Process, AtOnce, Between(0.1, 600.0), "s", "handlers of Nexus operations take longer to answer";
    history.nexus_request_timeout_min, Some("component.nexusoperations.limit.request.timeout.min"), Process, AtOnce, Between(0.0, 600.0), "s", "attempts should be made with less time left";
    history.nexus_callback_url, Some("component.nexusoperations.callback.endpoint.template"), Process, AtOnce, Text, "", "handlers outside reach the HTTP listener by another address";
    history.nexus_authorities_file, None, Process, AtStart, Text, "", "servers outside that are reached by https have certificates of an authority that the machine does not know; a file in the form of PEM";
    history.callback_request_timeout, Some("callback.request.timeout"), Process, AtOnce, Between(0.1, 600.0), "s", "servers outside take longer to hear how a workflow ended";
    history.buffered_queries_max, Some("history.MaxBufferedQueryCount"), Process, AtOnce, Between(1.0, MOST), "", "more queries should wait for the same workflow task";
    history.batch_rps, Some("worker.batcherRPS"), Namespace, AtOnce, Between(0.001, MOST), "per second", "batch operations must not take all of the server; for those that start afterwards";
    history.batch_concurrency, Some("worker.batcherConcurrency"), Namespace, AtOnce, Between(1.0, 10_000.0), "", "batch operations should press harder, or less";
}
