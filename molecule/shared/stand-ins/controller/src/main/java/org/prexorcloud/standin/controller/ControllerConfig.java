// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * controller.yml as Jackson sees it. The compact constructors hold the effective values: an absent block takes its
 * NONE constant, an absent, zero or negative number its default, and an absent primitive boolean of a block that is
 * present becomes false. The order of the components is the order in which the program writes the file.
 * Source: upstream facts config.md sections 1, 2 and 5, controller-config.yml.
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record ControllerConfig(
        String uuid,
        HttpConfig http,
        GrpcConfig grpc,
        NetworkConfig network,
        DatabaseConfig database,
        LoggingConfig logging,
        SchedulerConfig scheduler,
        HeartbeatConfig heartbeat,
        RuntimeConfig runtime,
        SecurityControllerConfig security,
        CrashConfig crashes,
        MetricsConfig metrics,
        ModulesConfig modules,
        MaintenanceConfig maintenance,
        DashboardConfig dashboard,
        BackupConfig backup,
        ShareConfig share,
        List<NetworkComposition> networks,
        List<Map<String, Object>> events,
        RedisConfig redis,
        ClusterConfig cluster,
        RaftConfig raft,
        TelemetryConfig telemetry) {
    ControllerConfig {
        uuid = uuid == null ? UUID.randomUUID().toString() : uuid;
        http = or(http, HttpConfig.NONE);
        grpc = or(grpc, GrpcConfig.NONE);
        network = or(network, NetworkConfig.NONE);
        database = or(database, DatabaseConfig.NONE);
        logging = or(logging, LoggingConfig.NONE);
        scheduler = or(scheduler, SchedulerConfig.NONE);
        heartbeat = or(heartbeat, HeartbeatConfig.NONE);
        runtime = or(runtime, RuntimeConfig.NONE);
        security = or(security, SecurityControllerConfig.NONE);
        crashes = or(crashes, CrashConfig.NONE);
        metrics = or(metrics, MetricsConfig.NONE);
        modules = or(modules, ModulesConfig.NONE);
        maintenance = or(maintenance, MaintenanceConfig.NONE);
        dashboard = or(dashboard, DashboardConfig.NONE);
        backup = or(backup, BackupConfig.NONE);
        share = or(share, ShareConfig.NONE);
        networks = list(networks);
        events = list(events);
        cluster = or(cluster, ClusterConfig.NONE);
        raft = or(raft, RaftConfig.NONE);
        telemetry = or(telemetry, TelemetryConfig.NONE);
    }

    static <T> T or(T value, T fallback) {
        return value == null ? fallback : value;
    }

    static int or(int value, int fallback) {
        return value <= 0 ? fallback : value;
    }

    static long or(long value, long fallback) {
        return value <= 0 ? fallback : value;
    }

    static <T> List<T> list(List<T> value) {
        return value == null ? List.of() : Collections.unmodifiableList(new ArrayList<>(value));
    }

    static String orIfBlank(String value, String fallback) {
        return value == null || value.isBlank() ? fallback : value;
    }

    ControllerConfig withSecurity(SecurityControllerConfig changed, TelemetryConfig changedTelemetry) {
        return new ControllerConfig(uuid, http, grpc, network, database, logging, scheduler, heartbeat, runtime,
                changed, crashes, metrics, modules, maintenance, dashboard, backup, share, networks, events, redis,
                cluster, raft, changedTelemetry);
    }

    /**
     * What PUT /maintenance writes: the configuration as it was loaded, without later PATCHes, while networks, events,
     * cluster, raft and telemetry fall back to their defaults.
     */
    ControllerConfig withMaintenance(MaintenanceConfig changed) {
        return new ControllerConfig(uuid, http, grpc, network, database, logging, scheduler, heartbeat, runtime,
                security, crashes, metrics, modules, changed, dashboard, backup, share, null, null, redis, null, null,
                null);
    }

    boolean production() {
        return runtime.profile().equals("production");
    }

    boolean signingRequired() {
        Boolean required = modules.signing().required();
        return required == null ? production() : required;
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record HttpConfig(String host, int port, CorsConfig cors) {
    static final HttpConfig NONE = new HttpConfig(null, 0, null);

    HttpConfig {
        host = ControllerConfig.or(host, "0.0.0.0");
        port = ControllerConfig.or(port, 8080);
        cors = ControllerConfig.or(cors, new CorsConfig(null));
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record CorsConfig(List<String> allowedOrigins) {
    private static final List<String> DEFAULT = List.of(
            "http://localhost:3000", "http://localhost:3001", "http://localhost:3002", "http://localhost:3003");

    CorsConfig {
        allowedOrigins = allowedOrigins == null ? DEFAULT : ControllerConfig.list(allowedOrigins);
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record GrpcConfig(String host, int port) {
    static final GrpcConfig NONE = new GrpcConfig(null, 0);

    GrpcConfig {
        host = ControllerConfig.or(host, "0.0.0.0");
        port = ControllerConfig.or(port, 9090);
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record NetworkConfig(List<String> allowedSubnets) {
    static final NetworkConfig NONE = new NetworkConfig(null);

    NetworkConfig {
        allowedSubnets = allowedSubnets == null ? List.of("0.0.0.0/0", "::/0") : ControllerConfig.list(allowedSubnets);
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record DatabaseConfig(String uri, String database) {
    static final DatabaseConfig NONE = new DatabaseConfig(null, null);

    DatabaseConfig {
        uri = ControllerConfig.or(uri, "mongodb://localhost:27017");
        database = ControllerConfig.or(database, "prexorcloud");
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record LoggingConfig(String level, String format) {
    static final LoggingConfig NONE = new LoggingConfig(null, null);

    LoggingConfig {
        level = ControllerConfig.orIfBlank(level, "INFO");
        format = "JSON".equalsIgnoreCase(format) ? "JSON" : "HUMAN";
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record SchedulerConfig(
        int evaluationIntervalSeconds, int scalingCooldownSeconds, int nodeTimeoutSeconds, int auditRetentionDays) {
    static final SchedulerConfig NONE = new SchedulerConfig(0, 0, 0, 0);

    SchedulerConfig {
        evaluationIntervalSeconds = ControllerConfig.or(evaluationIntervalSeconds, 15);
        scalingCooldownSeconds = ControllerConfig.or(scalingCooldownSeconds, 60);
        nodeTimeoutSeconds = ControllerConfig.or(nodeTimeoutSeconds, 90);
        auditRetentionDays = ControllerConfig.or(auditRetentionDays, 90);
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record HeartbeatConfig(long intervalMs, int missedThreshold) {
    static final HeartbeatConfig NONE = new HeartbeatConfig(0, 0);

    HeartbeatConfig {
        intervalMs = ControllerConfig.or(intervalMs, 30000L);
        missedThreshold = ControllerConfig.or(missedThreshold, 3);
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record RuntimeConfig(String profile) {
    static final RuntimeConfig NONE = new RuntimeConfig(null);

    RuntimeConfig {
        profile = profile == null || profile.isBlank() ? "development" : profile.strip().toLowerCase();
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record SecurityControllerConfig(
        String jwtSecret,
        int jwtExpirationMinutes,
        String initialAdminPassword,
        RateLimitingConfig rateLimiting,
        List<String> jwtPreviousSecrets,
        LockoutConfig lockout,
        PasswordResetConfig passwordReset) {
    static final SecurityControllerConfig NONE = new SecurityControllerConfig(null, 0, null, null, null, null, null);

    SecurityControllerConfig {
        jwtSecret = ControllerConfig.or(jwtSecret, "");
        jwtExpirationMinutes = ControllerConfig.or(jwtExpirationMinutes, 1440);
        initialAdminPassword = ControllerConfig.or(initialAdminPassword, "");
        rateLimiting = ControllerConfig.or(rateLimiting, RateLimitingConfig.NONE);
        jwtPreviousSecrets = ControllerConfig.list(jwtPreviousSecrets);
        lockout = ControllerConfig.or(lockout, LockoutConfig.NONE);
        passwordReset = ControllerConfig.or(passwordReset, PasswordResetConfig.NONE);
    }

    /** The write of a generated secret also resets passwordReset. */
    SecurityControllerConfig withGeneratedSecret(String secret) {
        return new SecurityControllerConfig(secret, jwtExpirationMinutes, initialAdminPassword, rateLimiting,
                jwtPreviousSecrets, lockout, null);
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record RateLimitingConfig(int perIpPerMinute, int perUserPerMinute, boolean failOpenOnRedisError) {
    static final RateLimitingConfig NONE = new RateLimitingConfig(0, 0, false);

    RateLimitingConfig {
        perIpPerMinute = ControllerConfig.or(perIpPerMinute, 100);
        perUserPerMinute = ControllerConfig.or(perUserPerMinute, 300);
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record LockoutConfig(Boolean enabled, int maxAttempts, int windowSeconds, int lockoutSeconds) {
    static final LockoutConfig NONE = new LockoutConfig(null, 0, 0, 0);

    LockoutConfig {
        enabled = ControllerConfig.or(enabled, Boolean.TRUE);
        maxAttempts = ControllerConfig.or(maxAttempts, 5);
        windowSeconds = ControllerConfig.or(windowSeconds, 900);
        lockoutSeconds = ControllerConfig.or(lockoutSeconds, 900);
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record PasswordResetConfig(boolean enabled, int tokenTtlMinutes, String resetUrlBase, SmtpConfig smtp) {
    static final PasswordResetConfig NONE = new PasswordResetConfig(false, 0, null, null);

    PasswordResetConfig {
        tokenTtlMinutes = ControllerConfig.or(tokenTtlMinutes, 30);
        resetUrlBase = ControllerConfig.or(resetUrlBase, "");
        smtp = ControllerConfig.or(smtp, SmtpConfig.NONE);
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record SmtpConfig(
        String host,
        int port,
        boolean startTls,
        boolean implicitTls,
        String username,
        String password,
        String from,
        int connectTimeoutMs,
        int readTimeoutMs) {
    static final SmtpConfig NONE = new SmtpConfig(null, 0, true, false, null, null, null, 0, 0);

    SmtpConfig {
        host = ControllerConfig.or(host, "");
        port = ControllerConfig.or(port, 587);
        username = ControllerConfig.or(username, "");
        password = ControllerConfig.or(password, "");
        from = ControllerConfig.or(from, "");
        connectTimeoutMs = ControllerConfig.or(connectTimeoutMs, 10000);
        readTimeoutMs = ControllerConfig.or(readTimeoutMs, 10000);
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record CrashConfig(int ringBufferSize, int crashLoopThreshold, int crashLoopWindowSeconds) {
    static final CrashConfig NONE = new CrashConfig(0, 0, 0);

    CrashConfig {
        ringBufferSize = ControllerConfig.or(ringBufferSize, 500);
        crashLoopThreshold = ControllerConfig.or(crashLoopThreshold, 3);
        crashLoopWindowSeconds = ControllerConfig.or(crashLoopWindowSeconds, 300);
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record MetricsConfig(boolean enabled, int retentionHours, int collectionIntervalSeconds) {
    static final MetricsConfig NONE = new MetricsConfig(true, 0, 0);

    MetricsConfig {
        retentionHours = ControllerConfig.or(retentionHours, 168);
        collectionIntervalSeconds = ControllerConfig.or(collectionIntervalSeconds, 30);
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record ModulesConfig(
        String directory,
        String dataDirectory,
        ModuleSigningConfig signing,
        List<String> registries,
        Map<String, Object> quotas) {
    static final ModulesConfig NONE = new ModulesConfig(null, null, null, null, null);

    ModulesConfig {
        directory = ControllerConfig.or(directory, "modules");
        dataDirectory = ControllerConfig.or(dataDirectory, "modules/data");
        signing = ControllerConfig.or(signing, ModuleSigningConfig.NONE);
        registries = ControllerConfig.list(registries);
        quotas = ControllerConfig.or(quotas, Map.of());
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record ModuleSigningConfig(
        Boolean required, String trustRoot, Mode mode, boolean allowUnsignedDevelopment, RekorConfig rekor) {
    static final ModuleSigningConfig NONE = new ModuleSigningConfig(null, null, null, true, null);

    enum Mode {
        KEYED,
        COSIGN_BUNDLE
    }

    ModuleSigningConfig {
        mode = ControllerConfig.or(mode, Mode.KEYED);
        rekor = ControllerConfig.or(rekor, RekorConfig.NONE);
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    record RekorConfig(Policy policy, String publicKey) {
        static final RekorConfig NONE = new RekorConfig(null, null);

        enum Policy {
            DISABLED,
            REQUIRE_SET
        }

        RekorConfig {
            policy = ControllerConfig.or(policy, Policy.DISABLED);
        }
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record MaintenanceConfig(boolean enabled, String message) {
    static final MaintenanceConfig NONE = new MaintenanceConfig(false, null);

    MaintenanceConfig {
        message = ControllerConfig.or(message, "The network is currently under maintenance.");
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record DashboardConfig(boolean enabled) {
    static final DashboardConfig NONE = new DashboardConfig(true);
}

@JsonIgnoreProperties(ignoreUnknown = true)
record BackupConfig(String directory, int retentionCount) {
    static final BackupConfig NONE = new BackupConfig(null, 0);

    BackupConfig {
        directory = ControllerConfig.orIfBlank(directory, "backups");
        retentionCount = ControllerConfig.or(retentionCount, 10);
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record ShareConfig(
        boolean enabled,
        String pasteUrl,
        String pasteToken,
        String defaultExpiry,
        boolean defaultPrivate,
        boolean e2e) {
    static final ShareConfig NONE = new ShareConfig(false, null, null, null, true, false);

    ShareConfig {
        pasteUrl = ControllerConfig.orIfBlank(pasteUrl, "https://pste.dev");
        defaultExpiry = ControllerConfig.orIfBlank(defaultExpiry, "1d");
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record NetworkComposition(
        String name,
        String description,
        String lobbyGroup,
        List<String> fallbackGroups,
        List<String> memberGroups,
        List<String> proxyGroups,
        String kickMessage,
        String bedrockLobbyGroup,
        List<String> bedrockFallbackGroups) {
    NetworkComposition {
        description = ControllerConfig.or(description, "");
        fallbackGroups = ControllerConfig.list(fallbackGroups);
        memberGroups = ControllerConfig.list(memberGroups);
        proxyGroups = ControllerConfig.list(proxyGroups);
        kickMessage = ControllerConfig.or(kickMessage, "");
        bedrockLobbyGroup = ControllerConfig.or(bedrockLobbyGroup, "");
        bedrockFallbackGroups = ControllerConfig.list(bedrockFallbackGroups);
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record RedisConfig(String uri) {
    RedisConfig {
        uri = ControllerConfig.or(uri, "redis://localhost:6379");
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record ClusterConfig(String id, String joinedFrom, String joinedAt) {
    static final ClusterConfig NONE = new ClusterConfig(null, null, null);
}

@JsonIgnoreProperties(ignoreUnknown = true)
record RaftConfig(String host, int port, String dataDir, List<String> joinAddrs) {
    static final RaftConfig NONE = new RaftConfig(null, 0, null, null);

    RaftConfig {
        host = ControllerConfig.or(host, "0.0.0.0");
        port = ControllerConfig.or(port, 9190);
        dataDir = ControllerConfig.or(dataDir, "data/raft");
        joinAddrs = ControllerConfig.list(joinAddrs);
    }
}

@JsonIgnoreProperties(ignoreUnknown = true)
record TelemetryConfig(
        boolean enabled, String otlpEndpoint, String serviceName, Double samplerRatio, String traceUiTemplate) {
    static final TelemetryConfig NONE = new TelemetryConfig(false, null, null, null, null);

    TelemetryConfig {
        otlpEndpoint = ControllerConfig.or(otlpEndpoint, "http://localhost:4317");
        serviceName = ControllerConfig.or(serviceName, "prexorcloud-controller");
        samplerRatio = Math.clamp(ControllerConfig.or(samplerRatio, 1.0), 0.0, 1.0);
        traceUiTemplate = ControllerConfig.or(traceUiTemplate, "");
    }
}
