// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.javalin.Javalin;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Probes, metrics, version, settings, and the two lists that the API edits in controller.yml (api.md sections 4, 8). */
final class SystemRoutes implements RestServer.Routes {
    private static final Logger LOG = LoggerFactory.getLogger("AdminConfigRoutes");
    private static final Map<String, Object> VERSION = Map.of("version", "1.0.0-SNAPSHOT", "gitCommit", "dc9c78f",
            "javaVersion", System.getProperty("java.version"));
    /** Only there to be guarded and not counted; its paths are upstream's and of no use here. */
    private static final Map<String, Object> OPENAPI =
            Map.of("openapi", "3.0.3", "info", Map.of("title", "", "version", ""), "paths", Map.of());
    /** Known paths whose refusals are real and whose answers are not: method and path, permission. */
    private static final Map<String, String> REFUSALS_ONLY = Map.of(
            "GET /api/v1/system/logs", "system.logs.view",
            "GET /api/v1/backups", "backups.view",
            "POST /api/v1/backups", "backups.manage",
            "POST /api/v1/backups/prune", "backups.manage",
            "POST /api/v1/restore", "backups.restore");
    private static final String REDACTED = "***REDACTED***";

    private record Maintenance(boolean enabled, String message) {}

    private record OriginChange(String action, String origin) {}

    private record SubnetChange(String action, String cidr) {}

    private final ControllerConfig config;
    private final Store store;
    private final Coordination coordination;
    private final Metrics metrics;
    private final Nodes nodes;
    private final Subnets subnets;
    private final Audit audit;
    private volatile MaintenanceConfig maintenance;
    private RestServer server;

    SystemRoutes(ControllerConfig config, Store store, Coordination coordination, Metrics metrics, Nodes nodes,
            Subnets subnets, Audit audit) {
        this.config = config;
        this.store = store;
        this.coordination = coordination;
        this.metrics = metrics;
        this.nodes = nodes;
        this.subnets = subnets;
        this.audit = audit;
        this.maintenance = config.maintenance();
    }

    @Override
    public void register(RestServer rest) {
        server = rest;
        Javalin app = rest.routes();
        for (String prefix : List.of("", "/api/v1/system")) {
            app.get(prefix + "/health", ctx -> ctx.json(Map.of("status", "UP", "readiness", readiness())));
            // asked twice, like upstream: a poll that spans the recovery is 503 with body READY
            app.get(prefix + "/ready", ctx -> ctx.status(ready(checks()) ? 200 : 503).json(readiness()));
        }
        if (config.metrics().enabled()) {
            app.get("/metrics", ctx -> ctx.contentType("text/plain; version=0.0.4")
                    .result(metrics.scrape().getBytes(StandardCharsets.ISO_8859_1)));
        }
        app.get("/openapi", ctx -> ctx.json(OPENAPI));
        app.get("/api/v1/system/version", ctx -> ctx.json(VERSION));
        app.get("/api/v1/system/settings", rest.needs("system.settings", ctx -> ctx.json(settings())));
        app.get("/api/v1/system/diagnostics", rest.needs("system.settings", ctx -> ctx.json(diagnostics())));
        app.get("/api/v1/overview", ctx -> ctx.json(Map.of("nodeCount", nodes.connectedCount(), "instanceCount",
                nodes.instanceCount(), "playerCount", 0, "groupCount", 0)));
        app.get("/api/v1/audit", rest.needs("audit.view", ctx -> RestServer.page(ctx, audit.list(), 50)));
        app.get("/api/v1/crashes", rest.needs("crashes.view", ctx -> RestServer.page(ctx, List.of(), 500)));
        REFUSALS_ONLY.forEach((call, permission) -> {
            String[] parts = call.split(" ");
            app.addHttpHandler(HandlerType.valueOf(parts[0]), parts[1], rest.needs(permission, ctx -> {
                throw new ApiError(501, "NOT_COVERED", "the stand-in does not answer " + call);
            }));
        });
        app.get("/api/v1/maintenance", rest.needs("groups.view", ctx -> ctx.json(maintenance())));
        app.put("/api/v1/maintenance", rest.needs("groups.update", this::putMaintenance));
        app.patch("/api/v1/admin/cors/origins", rest.needs("users.create", this::patchOrigins));
        app.patch("/api/v1/admin/network/allowed-subnets", rest.needs("users.create", this::patchSubnets));
    }

    private Map<String, Boolean> checks() {
        Map<String, Boolean> checks = new LinkedHashMap<>();
        checks.put("mongo", probe(store::ping));
        if (config.redis() != null) {
            checks.put("redis", probe(coordination::ping));
        }
        checks.put("scheduler", true);
        checks.put("platformModules", true);
        return checks;
    }

    private static boolean probe(BooleanSupplier check) {
        try {
            return check.getAsBoolean();
        } catch (RuntimeException e) {
            return false;
        }
    }

    private static boolean ready(Map<String, Boolean> checks) {
        return !checks.containsValue(false);
    }

    private Map<String, Object> readiness() {
        Map<String, Boolean> checks = checks();
        return Map.of("status", ready(checks) ? "READY" : "NOT_READY", "checks", checks);
    }

    private Map<String, Object> settings() {
        return Map.of("metricsEnabled", config.metrics().enabled(), "shareEnabled", config.share().enabled(),
                "playerCount", 0, "nodeCount", nodes.connectedCount(), "instanceCount", nodes.instanceCount(),
                "schedulerInterval", config.scheduler().evaluationIntervalSeconds(), "heartbeatInterval",
                config.heartbeat().intervalMs(), "tracingEnabled", config.telemetry().enabled(), "traceUiTemplate",
                config.telemetry().traceUiTemplate());
    }

    private Map<String, Object> diagnostics() {
        Map<String, Boolean> checks = checks();
        return Map.of("generatedAtMs", System.currentTimeMillis(), "controllerId", config.uuid(), "version", VERSION,
                "readiness", Map.of("ready", ready(checks), "details", readiness()), "overview",
                Map.of("nodes", nodes.connectedCount(), "instances", nodes.instanceCount(), "players", 0, "groups", 0),
                "settings", settings(), "redactedConfig", redactedConfig(), "leases", List.of(), "nodes",
                nodes.list());
    }

    private ObjectNode redactedConfig() {
        ObjectNode tree = JsonView.tree(config);
        ObjectNode security = (ObjectNode) tree.get("security");
        security.set("jwtSecret", TextNode.valueOf(REDACTED));
        security.set("initialAdminPassword", TextNode.valueOf(REDACTED));
        if (!security.get("jwtPreviousSecrets").isEmpty()) {
            security.set("jwtPreviousSecrets", TextNode.valueOf(REDACTED));
        }
        for (String block : List.of("database", "redis")) {
            if (tree.get(block) instanceof ObjectNode holder) {
                holder.put("uri", holder.get("uri").asText().replaceFirst("(://[^:/@]*:)[^@]*@", "$1" + REDACTED + "@"));
            }
        }
        return tree;
    }

    private Map<String, Object> maintenance() {
        return Map.of("enabled", maintenance.enabled(), "message", maintenance.message());
    }

    /** In force even if the file cannot be written; writing it damages raft, which ends the next start. */
    private void putMaintenance(Context ctx) {
        Maintenance wanted = ctx.bodyAsClass(Maintenance.class);
        maintenance = new MaintenanceConfig(wanted.enabled(), wanted.message());
        try {
            ConfigFile.persist(config.withMaintenance(maintenance));
        } catch (IOException e) {
            throw new IllegalStateException("Failed to persist controller config", e);
        }
        audit.record(ctx, "maintenance.update", "maintenance", "global", Map.of("enabled", wanted.enabled()));
        ctx.json(maintenance());
    }

    private static boolean adding(String action, String name, String value) {
        if (action == null || value == null) {
            throw new ApiError(400, "VALIDATION_ERROR", "action and " + name + " are required");
        }
        if (!action.equals("add") && !action.equals("remove")) {
            throw new ApiError(400, "VALIDATION_ERROR", "action must be 'add' or 'remove'");
        }
        return action.equals("add");
    }

    private void patchOrigins(Context ctx) {
        OriginChange change = ctx.bodyAsClass(OriginChange.class);
        boolean add = adding(change.action(), "origin", change.origin());
        if (!ConfigValidator.validOrigin(change.origin())) {
            throw new ApiError(400, "VALIDATION_ERROR", "origin must start with http:// or https://");
        }
        List<String> origins = server.origins();
        boolean changed = origins.contains(change.origin()) != add;
        if (changed) {
            persist("CORS origins", "http/cors/allowedOrigins", add, change.origin(), origins);
            if (add) {
                origins.add(change.origin());
            } else {
                origins.remove(change.origin());
            }
            server.setOrigins(origins);
        }
        ctx.json(Map.of("ok", true, "changed", changed, "restartRequired", false, "allowedOrigins", origins));
    }

    private void patchSubnets(Context ctx) {
        SubnetChange change = ctx.bodyAsClass(SubnetChange.class);
        boolean add = adding(change.action(), "cidr", change.cidr());
        try {
            Subnets.check(change.cidr());
        } catch (IllegalArgumentException e) {
            throw new ApiError(400, "VALIDATION_ERROR", "invalid CIDR: " + e.getMessage());
        }
        boolean changed = subnets.list().contains(change.cidr()) != add;
        if (changed) {
            persist("allowed subnets", "network/allowedSubnets", add, change.cidr(), subnets.list());
            if (add) {
                subnets.add(change.cidr());
            } else {
                subnets.remove(change.cidr());
            }
        }
        ctx.json(Map.of("ok", true, "changed", changed, "restartRequired", false, "allowedSubnets", subnets.list(),
                "wideOpen", subnets.wideOpen()));
    }

    /** A failing write leaves the list in force as it was. */
    private static void persist(String what, String pointer, boolean add, String value, List<String> inForce) {
        try {
            ConfigFile.editList(pointer, add, value, inForce);
        } catch (IOException e) {
            LOG.error("Failed to patch {}: {}", what, e.getMessage());
            throw new ApiError(500, "INTERNAL_ERROR", "Failed to update controller.yml: " + e.getMessage());
        }
    }
}
