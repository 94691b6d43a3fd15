//! Names of the reference's dynamic configuration that mean nothing here: they tune parts that this server does not
//! have. They are known so that a misspelt key can be told from one that is merely not needed.

/// Families of keys that grow with each version of the reference; every name in them counts as known.
const FAMILIES: [&str; 5] = ["nexusoperation.", "callback.", "component.", "activity.", "scheduler."];

/// Names by their first part.
const NAMES: &[(&str, &str)] = &[
    ("dynamicconfig", "subscriptionCallback subscriptionPollInterval"),
    ("admin", "enableListHistoryTasks matchingNamespaceToPartitionDispatchRate"),
    (
        "system",
        "visibilityPersistenceMaxReadQPS visibilityPersistenceMaxWriteQPS \
         visibilityPersistenceSlowQueryThreshold enableReadFromSecondaryVisibility \
         visibilityEnableShadowReadMode secondaryVisibilityWritingMode visibilityDisableOrderByClause \
         visibilityEnableManualPagination visibilityAllowList suppressErrorSetSystemSearchAttribute \
         historyArchivalState enableReadFromHistoryArchival visibilityArchivalState \
         enableReadFromVisibilityArchival enableNamespaceNotActiveAutoForwarding enableCrossNamespaceCommands \
         clusterMetadataRefreshInterval forceSearchAttributesCacheRefreshOnRead enableRingpopTLS \
         ringpopApproximateMaxPropagationTime enableParentClosePolicyWorker enableStickyQuery \
         namespaceCacheRefreshInterval persistenceHealthSignalMetricsEnabled \
         persistenceHealthSignalAggregationEnabled persistenceHealthSignalWindowSize \
         persistenceHealthSignalBufferSize shardRPSWarnLimit shardPerNsRPSWarnPercent operatorRPSRatio \
         persistenceQPSBurstRatio deadlock.DumpGoroutines deadlock.FailHealthCheck deadlock.AbortProcess \
         deadlock.Interval deadlock.MaxWorkersPerRoot validateUTF8.sample.rpcRequest \
         validateUTF8.sample.rpcResponse validateUTF8.sample.persistence validateUTF8.fail.rpcRequest \
         validateUTF8.fail.rpcResponse validateUTF8.fail.persistence enableDeployments \
         enableDeploymentVersions enableNexus refreshNexusEndpointsLongPollTimeout \
         refreshNexusEndpointsMinWait nexusReadThroughCacheSize nexusReadThroughCacheTTL logAllReqErrors \
         advancedVisibilityWritingMode enableActivityLocalDispatch",
    ),
    (
        "limit",
        "mutableStateTombstoneCountLimit taskQueuesPerBuildId endpointNameMaxLength endpointExternalURLMaxLength endpointDescriptionMaxSize \
         endpointListDefaultPageSize endpointListMaxPageSize",
    ),
    (
        "frontend",
        "reachabilityQuerySetDurationSinceDefault persistenceMaxQPS persistenceGlobalMaxQPS \
         persistenceNamespaceMaxQPS persistenceGlobalNamespaceMaxQPS persistenceDynamicRateLimitingParams \
         historyMaxPageSize globalNamespaceCount throttledLogRPS shutdownDrainDuration \
         shutdownFailHealthCheckDuration maskInternalErrorDetails historyHostErrorPercentage \
         sendRawWorkflowHistory visibilityArchivalQueryMaxPageSize enableServerVersionCheck \
         enableTokenNamespaceEnforcement disableListVisibilityByFilter keepAliveMinTime \
         keepAlivePermitWithoutStream keepAliveMaxConnectionIdle keepAliveMaxConnectionAgeGrace enableSchedules \
         allowDeleteNamespaceIfNexusEndpointTarget nexusRequestHeadersBlacklist \
         MaxExecutionCountBatchOperationPerNamespace enableBatcher \
         workerVersioningWorkflowAPIs \
         deleteNamespaceDeleteActivityRPS deleteNamespaceDeletePageSize deleteNamespacePagesPerExecution \
         deleteNamespaceConcurrentDeleteExecutionsActivities deleteNamespaceNamespaceDeleteDelay \
         activityAPIsEnabled enableClientVersionCheck historyMgrNumConns ListWorkersEnabled",
    ),
    ("internal-frontend", "globalNamespaceRPS globalNamespaceRPS.visibility"),
    (
        "matching",
        "wv.DeletedRuleRetentionTime wv.ReachabilityBuildIdVisibilityGracePeriod \
         wv.VersionDrainageStatusVisibilityGracePeriod wv.VersionDrainageStatusRefreshInterval \
         wv.reachabilityCacheOpenWFsTTL wv.reachabilityCacheClosedWFsTTL persistenceMaxQPS \
         persistenceGlobalMaxQPS persistenceNamespaceMaxQPS persistenceGlobalNamespaceMaxQPS \
         persistenceDynamicRateLimitingParams minTaskThrottlingBurstSize getTasksBatchSize \
         syncMatchWaitDuration historyMaxPageSize loadUserData updateAckInterval \
         outstandingTaskAppendsThreshold maxTaskBatchSize maxTaskDeleteBatchSize throttledLogRPS \
         numTaskqueueWritePartitions numTaskqueueReadPartitions forwarderMaxOutstandingPolls \
         forwarderMaxOutstandingTasks forwarderMaxRatePerSecond forwarderMaxChildrenPerNode \
         alignMembershipChange shutdownDrainDuration getUserDataLongPollTimeout getUserDataRefresh \
         backlogNegligibleAge maxWaitForPollerBeforeFwd queryPollerUnavailableWindow \
         listNexusEndpointsLongPollTimeout nexusEndpointsRefreshInterval membershipUnloadDelay \
         queryWorkflowTaskTimeoutLogRate TaskQueueInfoByBuildIdTTL dropNonRetryableTasks \
         maxTaskQueuesInDeployment useNewMatcher autoEnableV2 enableMigration priorityLevels",
    ),
    ("metrics", "breakdownByTaskQueue breakdownByPartition breakdownByBuildID"),
    ("test", "matching.disableSyncMatch matching.lbForceReadPartition matching.lbForceWritePartition"),
    (
        "history",
        "enableReplicationStream enableHistoryReplicationDLQV2 rps persistenceMaxQPS persistenceGlobalMaxQPS \
         persistenceNamespaceMaxQPS persistenceGlobalNamespaceMaxQPS persistencePerShardNamespaceMaxQPS \
         persistenceDynamicRateLimitingParams cacheSizeBasedLimit cacheInitialSize cacheMaxSize \
         cacheMaxSizeBytes cacheTTL cacheNonUserContextLockTimeout enableHostHistoryCache \
         hostLevelCacheMaxSizeBytes enableWorkflowExecutionTimeoutTimer enableTransitionHistory \
         startupMembershipJoinDelay shutdownDrainDuration xdcCacheMaxSizeBytes eventsCacheMaxSizeBytes \
         eventsHostLevelCacheMaxSizeBytes eventsCacheTTL enableHostLevelEventsCache acquireShardInterval \
         acquireShardConcurrency shardLingerOwnershipCheckQPS shardLingerTimeLimit shardFinalizerTimeout \
         clientOwnershipCachingEnabled shardIOConcurrency shardIOTimeout standbyClusterDelay \
         standbyTaskMissingEventsResendDelay standbyTaskMissingEventsDiscardDelay \
         queuePendingTaskCriticalCount queueReaderStuckCriticalAttempts queueCriticalSlicesCount \
         queuePendingTasksMaxCount queueMaxPredicateSize taskSchedulerEnableRateLimiter \
         taskSchedulerEnableRateLimiterShadowMode taskSchedulerRateLimiterStartupDelay \
         taskSchedulerGlobalMaxQPS taskSchedulerMaxQPS taskSchedulerGlobalNamespaceMaxQPS \
         taskSchedulerNamespaceMaxQPS taskSchedulerInactiveChannelDeletionDelay timerTaskBatchSize \
         timerProcessorSchedulerWorkerCount timerProcessorSchedulerActiveRoundRobinWeights \
         timerProcessorSchedulerStandbyRoundRobinWeights timerProcessorUpdateAckInterval \
         timerProcessorUpdateAckIntervalJitterCoefficient timerProcessorMaxPollRPS \
         timerProcessorMaxPollHostRPS timerProcessorMaxPollInterval \
         timerProcessorMaxPollIntervalJitterCoefficient timerProcessorPollBackoffInterval \
         timerProcessorMaxTimeShift timerQueueMaxReaderCount retentionTimerJitterDuration \
         memoryTimerProcessorSchedulerWorkerCount transferTaskBatchSize transferProcessorMaxPollRPS \
         transferProcessorMaxPollHostRPS transferProcessorSchedulerWorkerCount \
         transferProcessorSchedulerActiveRoundRobinWeights transferProcessorSchedulerStandbyRoundRobinWeights \
         transferProcessorMaxPollInterval transferProcessorMaxPollIntervalJitterCoefficient \
         transferProcessorUpdateAckInterval transferProcessorUpdateAckIntervalJitterCoefficient \
         transferProcessorPollBackoffInterval transferProcessorEnsureCloseBeforeDelete \
         transferQueueMaxReaderCount outboundTaskBatchSize outboundQueuePendingTasksMaxCount \
         outboundQueuePendingTaskCriticalCount outboundQueueMaxPredicateSize outboundProcessorMaxPollRPS \
         outboundProcessorMaxPollHostRPS outboundProcessorMaxPollInterval \
         outboundProcessorMaxPollIntervalJitterCoefficient outboundProcessorUpdateAckInterval \
         outboundProcessorUpdateAckIntervalJitterCoefficient outboundProcessorPollBackoffInterval \
         outboundQueueMaxReaderCount outboundQueue.groupLimiter.bufferSize \
         outboundQueue.groupLimiter.concurrency outboundQueue.hostScheduler.maxTaskRPS \
         outboundQueue.circuitBreakerSettings outboundQueue.standbyTaskMissingEventsDiscardDelay \
         outboundQueue.standbyTaskMissingEventsDestinationDownErr visibilityTaskBatchSize \
         visibilityProcessorMaxPollRPS visibilityProcessorMaxPollHostRPS \
         visibilityProcessorSchedulerWorkerCount visibilityProcessorSchedulerActiveRoundRobinWeights \
         visibilityProcessorSchedulerStandbyRoundRobinWeights visibilityProcessorMaxPollInterval \
         visibilityProcessorMaxPollIntervalJitterCoefficient visibilityProcessorUpdateAckInterval \
         visibilityProcessorUpdateAckIntervalJitterCoefficient visibilityProcessorPollBackoffInterval \
         visibilityProcessorEnsureCloseBeforeDelete visibilityProcessorEnableCloseWorkflowCleanup \
         visibilityProcessorRelocateAttributesMinBlobSize visibilityQueueMaxReaderCount \
         disableFetchRelocatableAttributesFromVisibility archivalTaskBatchSize archivalProcessorMaxPollRPS \
         archivalProcessorMaxPollHostRPS archivalProcessorSchedulerWorkerCount \
         archivalProcessorMaxPollInterval archivalProcessorMaxPollIntervalJitterCoefficient \
         archivalProcessorUpdateAckInterval archivalProcessorUpdateAckIntervalJitterCoefficient \
         archivalProcessorPollBackoffInterval archivalProcessorArchiveDelay archivalBackendMaxRPS \
         archivalQueueMaxReaderCount replicatorTaskBatchSize replicatorMaxSkipTaskCount \
         replicatorProcessorMaxPollInterval replicatorProcessorMaxPollIntervalJitterCoefficient \
         shardUpdateMinInterval shardFirstUpdateInterval shardUpdateMinTasksCompleted shardSyncMinInterval \
         emitShardLagLog defaultEventEncoding defaultActivityRetryPolicy defaultWorkflowRetryPolicy \
         followReusePolicyAfterConflictPolicyTerminate allowResetWithPendingChildren enableParentClosePolicy \
         parentClosePolicyThreshold numParentClosePolicySystemWorkflows throttledLogRPS \
         workflowTaskCriticalAttempt SkipReapplicationByNamespaceID standbyTaskReReplicationContextTimeout \
         mutableStateChecksumGenProbability mutableStateChecksumVerifyProbability \
         mutableStateChecksumInvalidateBefore ReplicationTaskApplyTimeout ReplicationTaskFetcherParallelism \
         ReplicationTaskFetcherAggregationInterval ReplicationTaskFetcherTimerJitterCoefficient \
         ReplicationTaskFetcherErrorRetryWait ReplicationTaskProcessorErrorRetryWait \
         ReplicationTaskProcessorErrorRetryBackoffCoefficient ReplicationTaskProcessorErrorRetryMaxInterval \
         ReplicationTaskProcessorErrorRetryMaxAttempts ReplicationTaskProcessorErrorRetryExpiration \
         ReplicationTaskProcessorNoTaskInitialWait ReplicationTaskProcessorCleanupInterval \
         ReplicationTaskProcessorCleanupJitterCoefficient ReplicationTaskProcessorHostQPS \
         ReplicationTaskProcessorShardQPS ReplicationEnableDLQMetrics ReplicationEnableUpdateWithNewTaskMerge \
         ReplicationMultipleBatches TaskDLQEnabled TaskDLQUnexpectedErrorAttempts TaskDLQInternalErrors \
         TaskDLQErrorPattern ReplicationStreamSyncStatusDuration ReplicationProcessorSchedulerQueueSize \
         ReplicationProcessorSchedulerWorkerCount ReplicationLowPriorityProcessorSchedulerWorkerCount \
         ReplicationLowPriorityTaskParallelism EnableEagerNamespaceRefresher EnableReplicationTaskBatching \
         EnableReplicateLocalGeneratedEvents EnableReplicationTaskTieredProcessing \
         ReplicationStreamSenderHighPriorityQPS ReplicationStreamSenderLowPriorityQPS \
         ReplicationReceiverMaxOutstandingTaskCount ReplicationResendMaxBatchCount \
         ReplicationProgressCacheMaxSize ReplicationProgressCacheTTL workflowIdReuseMinimalInterval \
         enableWorkflowIdReuseStartTimeValidation healthPersistenceLatencyFailure healthPersistenceErrorRatio \
         enableRequestIdRefLinks enableCHASMScheduler enableCHASMSchedulerCreation enableChasm",
    ),
    (
        "worker",
        "removableBuildIdDurationSinceDefault buildIdScavengerVisibilityRPS \
         persistenceMaxQPS persistenceGlobalMaxQPS persistenceNamespaceMaxQPS \
         persistenceGlobalNamespaceMaxQPS persistenceDynamicRateLimitingParams indexerConcurrency \
         ESProcessorNumOfWorkers ESProcessorBulkActions ESProcessorBulkSize ESProcessorFlushInterval \
         ESProcessorAckTimeout throttledLogRPS ScannerMaxConcurrentActivityExecutionSize \
         ScannerMaxConcurrentWorkflowTaskExecutionSize ScannerMaxConcurrentActivityTaskPollers \
         ScannerMaxConcurrentWorkflowTaskPollers scannerPersistenceMaxQPS executionScannerPerHostQPS \
         executionScannerPerShardQPS executionDataDurationBuffer executionScannerWorkerCount \
         executionEnableHistoryEventIdValidator taskQueueScannerEnabled buildIdScavengerEnabled \
         historyScannerEnabled executionsScannerEnabled historyScannerDataMinAge \
         historyScannerVerifyRetention enableNamespaceBatcher \
         ParentCloseMaxConcurrentActivityExecutionSize ParentCloseMaxConcurrentWorkflowTaskExecutionSize \
         ParentCloseMaxConcurrentActivityTaskPollers ParentCloseMaxConcurrentWorkflowTaskPollers \
         perNamespaceWorkerCount perNamespaceWorkerOptions perNamespaceWorkerStartRate enableScheduler \
         stickyCacheSize schedulerNamespaceStartWorkflowRPS schedulerLocalActivitySleepLimit \
         deleteNamespaceActivityLimitsConfig",
    ),
];

/// Whether the reference has such a key.
pub(super) fn is_known(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    if FAMILIES.iter().any(|family| key.starts_with(family)) {
        return true;
    }
    let Some((first, rest)) = key.split_once('.') else { return false };
    NAMES
        .iter()
        .filter(|(family, _)| *family == first)
        .any(|(_, names)| names.split(' ').any(|name| name.eq_ignore_ascii_case(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_case_and_others_are_not() {
        for key in ["history.shardIOConcurrency", "HISTORY.shardioconcurrency", "system.deadlock.Interval"] {
            assert!(is_known(key), "{key}");
        }
        assert!(is_known("nexusoperation.enableStandalone"));
        for key in ["history", "history.", "frontend.nonsense", "shardIOConcurrency"] {
            assert!(!is_known(key), "{key}");
        }
    }
}
