// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.Javalin;
import io.javalin.http.Context;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Cluster status, join tokens of controllers, cluster_config and its versions (api.md section 6). */
final class ClusterRoutes implements RestServer.Routes {
    private static final Logger LOG = LoggerFactory.getLogger("ClusterConfigRoutes");
    private static final Logger RELOAD = LoggerFactory.getLogger("ClusterConfigReloadCoordinator");
    private static final long MAX_TTL = 2_592_000;
    private static final long DEFAULT_TTL = 86_400;

    private final ClusterState state;
    private final JwtKeys keys;
    private final Audit audit;
    private RestServer server;

    ClusterRoutes(ClusterState state, JwtKeys keys, Audit audit) {
        this.state = state;
        this.keys = keys;
        this.audit = audit;
    }

    /** The three slices that win over controller.yml: CORS origins, rate limits, JWT secrets (config.md section 6). */
    void apply(String occasion) {
        ObjectNode effective = state.effective();
        List<String> origins = effective.at("/http/cors/allowedOrigins").valueStream()
                .map(node -> node.asText())
                .toList();
        if (!origins.isEmpty()) {
            server.setOrigins(origins);
        }
        if (effective.at("/security/rateLimiting") instanceof ObjectNode limits) {
            server.setLimits(new RateLimitingConfig(limits.path("perIpPerMinute").asInt(),
                    limits.path("perUserPerMinute").asInt(), limits.path("failOpenOnRedisError").asBoolean()));
        }
        keys.apply(effective);
        RELOAD.info("cluster_config reload ({}) dispatched to 3/3 subscriber(s)", occasion);
    }

    @Override
    public void register(RestServer rest) {
        server = rest;
        Javalin app = rest.routes();
        app.get("/api/v1/cluster", rest.needs("cluster.view", ctx -> ctx.json(state.info())));
        app.get("/api/v1/cluster/members",
                rest.needs("cluster.view", ctx -> ctx.json(Map.of("members", state.members()))));
        app.get("/api/v1/cluster/leases", rest.needs("cluster.view", ctx -> ctx.json(Map.of("leases", List.of()))));
        app.delete("/api/v1/cluster/members/{id}", rest.needs("cluster.manage", ctx -> {
            String id = ctx.pathParam("id");
            if (!state.eject(id)) {
                throw new ApiError(404, "MEMBER_NOT_FOUND", "no cluster member with nodeId=" + id);
            }
            ctx.status(204);
        }));
        app.post("/api/v1/cluster/leave", rest.needs("cluster.manage", ctx -> {
            throw new ApiError(409, "LAST_MEMBER", "cannot leave: this controller is the only cluster member."
                    + " Use cluster recovery tooling to tear the cluster down.");
        }));
        app.get("/api/v1/cluster/join-tokens",
                rest.needs("cluster.manage", ctx -> ctx.json(Map.of("tokens", state.tokens()))));
        app.post("/api/v1/cluster/join-tokens", rest.needs("cluster.manage", this::issueToken));
        app.delete("/api/v1/cluster/join-tokens/{jti}", rest.needs("cluster.manage", ctx -> {
            String jti = ctx.pathParam("jti");
            if (!state.revokeToken(jti, RestServer.user(ctx))) {
                throw new ApiError(404, "TOKEN_NOT_FOUND", "no join token with jti=" + jti);
            }
            audit.record(ctx, "cluster.join_token.revoked", "cluster_join_token", jti, Map.of());
            ctx.status(204);
        }));
        app.post("/api/v1/cluster/seed/rotate", rest.needs("cluster.manage", ctx -> {
            Map<String, Object> rotated = state.rotateSeed(RestServer.user(ctx));
            audit.record(ctx, "cluster.seed.rotated", "cluster_meta", state.clusterId(),
                    Map.of("by", RestServer.user(ctx)));
            ctx.json(rotated);
        }));
        config(rest, app);
    }

    private void issueToken(Context ctx) throws IOException {
        Map<String, Object> body = RestServer.object(ctx);
        long ttl = body.get("ttlSeconds") instanceof Number seconds ? seconds.longValue() : DEFAULT_TTL;
        if (ttl <= 0 || ttl > MAX_TTL) {
            throw new ApiError(400, "BAD_TTL", "ttlSeconds must be in (0, " + MAX_TTL + "]; got " + ttl);
        }
        if (!(body.get("joinAddrs") instanceof List<?> addresses) || addresses.isEmpty()) {
            throw new ApiError(400, "MISSING_JOIN_ADDRS", "joinAddrs must be a non-empty array of host:port strings");
        }
        String label = Objects.toString(body.get("label"), null);
        Map<String, Object> token =
                state.issueToken(Duration.ofSeconds(ttl), label, addresses, RestServer.user(ctx));
        audit.record(ctx, "cluster.join_token.issued", "cluster_join_token", token.get("jti").toString(),
                Map.of("ttlSeconds", ttl, "label", label == null ? "(none)" : label));
        ctx.status(201).json(token);
    }

    private void config(RestServer rest, Javalin app) {
        app.get("/api/v1/cluster/config", rest.needs("cluster.view", ctx -> {
            ObjectNode patch = state.version(state.activeVersion()).patch();
            boolean reveal = "true".equals(ctx.queryParam("reveal")) && rest.holds(ctx, "cluster.manage");
            ctx.json(Map.of("activeVersion", state.activeVersion(), "patch",
                    reveal ? patch : ClusterState.masked(patch)));
        }));
        app.get("/api/v1/cluster/config/versions", rest.needs("cluster.view", ctx -> ctx.json(Map.of(
                "activeVersion", state.activeVersion(),
                "versions", state.versions().stream().map(this::row).toList()))));
        app.get("/api/v1/cluster/config/versions/{n}", rest.needs("cluster.view", ctx -> {
            String number = ctx.pathParam("n");
            if (!number.matches("-?\\d{1,9}")) {
                throw new ApiError(400, "BAD_VERSION", "version must be an integer");
            }
            ClusterState.Version version = version(Integer.parseInt(number));
            Map<String, Object> row = row(version);
            row.put("patch", ClusterState.masked(version.patch()));
            ctx.json(row);
        }));
        app.post("/api/v1/cluster/config", rest.needs("cluster.config.write", this::patch));
        app.post("/api/v1/cluster/config/rollback", rest.needs("cluster.config.write", ctx -> {
            if (!(RestServer.object(ctx).get("targetVersion") instanceof Integer wanted)) {
                throw new ApiError(400, "MISSING_TARGET_VERSION", "targetVersion is required");
            }
            ClusterState.Version target = version(wanted);
            state.activate(target.version());
            audit.record(ctx, "cluster.config.rolled_back", "cluster_config", wanted.toString(),
                    Map.of("targetVersion", wanted));
            apply("ROLLBACK v" + target.version());
            ctx.json(Map.of("activeVersion", target.version()));
        }));
    }

    private ClusterState.Version version(int number) {
        ClusterState.Version version = state.version(number);
        if (version == null) {
            throw new ApiError(404, "VERSION_NOT_FOUND", "cluster_config has no version " + number);
        }
        return version;
    }

    private Map<String, Object> row(ClusterState.Version version) {
        Map<String, Object> row = new java.util.LinkedHashMap<>();
        row.put("version", version.version());
        row.put("parentVersion", version.parentVersion());
        row.put("mutator", version.mutator());
        row.put("mutatedAt", version.mutatedAt());
        row.put("reason", version.reason());
        row.put("isActive", version.version() == state.activeVersion());
        return row;
    }

    /** Nothing in the patch is validated; without a reason the change is live and the answer an internal error. */
    private void patch(Context ctx) throws IOException {
        ObjectNode body = (ObjectNode) ClusterState.JSON.readTree(ctx.bodyAsBytes());
        if (!body.path("parentVersion").isInt()) {
            throw new ApiError(400, "MISSING_PARENT_VERSION", "parentVersion is required");
        }
        if (!(body.path("patch") instanceof ObjectNode patch) || patch.isEmpty()) {
            throw new ApiError(400, "EMPTY_PATCH", "patch must be a non-empty JSON object");
        }
        int parent = body.get("parentVersion").asInt();
        String reason = body.path("reason").textValue();
        ClusterState.Version version;
        synchronized (state) {
            if (parent != state.activeVersion()) {
                throw new ApiError(409, "PARENT_VERSION_STALE", "PARENT_VERSION_STALE: patch.parentVersion=" + parent
                        + " but cluster active=" + state.activeVersion());
            }
            version = state.append(parent, patch, RestServer.user(ctx), reason);
        }
        apply("PATCH v" + version.version());
        Objects.requireNonNull(reason, "reason");
        audit.record(ctx, "cluster.config.patched", "cluster_config", Integer.toString(version.version()),
                Map.of("newVersion", version.version(), "parentVersion", parent, "reason", reason));
        LOG.info("cluster_config patched to version {} by {} (parent={}, reason={})", version.version(),
                RestServer.user(ctx), parent, reason);
        ctx.status(201).json(Map.of("version", version.version(), "parentVersion", parent));
    }
}
