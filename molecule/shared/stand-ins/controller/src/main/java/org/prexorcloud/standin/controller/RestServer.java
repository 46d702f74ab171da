// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import com.fasterxml.jackson.core.type.TypeReference;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.ForbiddenResponse;
import io.javalin.http.Handler;
import io.javalin.http.HandlerType;
import io.javalin.http.UnauthorizedResponse;
import io.jsonwebtoken.Claims;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The request pipeline of api.md section 1: CORS, subnet guard, request ids, rate limit per address, JWT, rate limit
 * per user, route. The limiter stops nothing: it presets status 429 and lets the handler run.
 */
final class RestServer {
    private static final Logger LOG = LoggerFactory.getLogger("RestServer");
    private static final String API = "/api/v1/";
    private static final Duration WINDOW = Duration.ofMinutes(1);
    private static final int LOGINS_PER_WINDOW = 10;
    private static final Set<String> UNGUARDED = Set.of("/health", "/ready", "/metrics", "/api/v1/system/health",
            "/api/v1/system/ready", "/api/v1/bootstrap/exchange");
    private static final Set<String> ANONYMOUS = Set.of("/api/v1/system/health", "/api/v1/system/ready",
            "/api/v1/system/version", "/api/v1/bootstrap/exchange", "/api/v1/auth/login",
            "/api/v1/auth/password-reset/request", "/api/v1/auth/password-reset/complete");
    private static final String STARTED = "started";
    static final String CLAIMS = "claims";
    private static final String REVOKED = "jwt:revoked:";

    private final Subnets subnets;
    private final Coordination coordination;
    private final JwtKeys keys;
    private final Roles roles;
    private final Metrics metrics;
    private final List<String> origins;
    private volatile RateLimitingConfig limits;
    private final Javalin javalin;

    /** Each part registers its routes on the Javalin instance. */
    interface Routes {
        void register(RestServer server);
    }

    RestServer(ControllerConfig config, Subnets subnets, Coordination coordination, JwtKeys keys, Roles roles,
            Metrics metrics) {
        this.subnets = subnets;
        this.coordination = coordination;
        this.keys = keys;
        this.roles = roles;
        this.metrics = metrics;
        this.origins = new CopyOnWriteArrayList<>(config.http().cors().allowedOrigins());
        this.limits = config.security().rateLimiting();
        javalin = Javalin.create(this::configure);
        javalin.before(ctx -> ctx.attribute(STARTED, Instant.now()));
        javalin.before(this::cors);
        javalin.before(this::guard);
        javalin.before(API + "*", this::authenticate);
        javalin.after(this::measure);
        javalin.exception(ApiError.class, (e, ctx) -> ctx.status(e.status()).json(e.body()));
        javalin.exception(Exception.class, (e, ctx) -> {
            LOG.error("Unhandled exception on {} {}: {}", ctx.method(), ctx.path(), e.getMessage());
            ctx.status(500)
                    .json(new ApiError(500, "INTERNAL_ERROR", "An internal error occurred").body());
        });
    }

    private void configure(JavalinConfig config) {
        config.showJavalinBanner = false;
        config.useVirtualThreads = true;
        config.startupWatcherEnabled = false;
    }

    Javalin routes() {
        return javalin;
    }

    /** @throws RuntimeException "Port already in use..." in Javalin's words, also for a foreign address */
    void start(HttpConfig http) {
        javalin.start(http.host(), http.port());
    }

    void stop() {
        javalin.stop();
    }

    List<String> origins() {
        return new ArrayList<>(origins);
    }

    void setOrigins(List<String> replacement) {
        origins.clear();
        origins.addAll(replacement);
    }

    void setLimits(RateLimitingConfig replacement) {
        limits = replacement;
    }

    private void cors(Context ctx) {
        String origin = ctx.header("Origin");
        if (origin == null || !origins.contains(origin)) {
            return;
        }
        ctx.header("Access-Control-Allow-Origin", origin);
        ctx.header("Access-Control-Allow-Credentials", "true");
        ctx.header("Access-Control-Expose-Headers", "X-Trace-Id");
        ctx.header("Vary", "Origin");
        String wanted = ctx.header("Access-Control-Request-Method");
        if (ctx.method() == HandlerType.OPTIONS && wanted != null) {
            String headers = ctx.header("Access-Control-Request-Headers");
            ctx.header("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS");
            ctx.header("Access-Control-Allow-Headers", headers == null ? "authorization,content-type" : headers);
            ctx.header("Access-Control-Max-Age", "3600");
            ctx.status(204).skipRemainingHandlers();
        }
    }

    private void guard(Context ctx) {
        if (ctx.method() != HandlerType.OPTIONS && !UNGUARDED.contains(ctx.path()) && !subnets.allows(ctx.ip())) {
            throw new ApiError(403, "FORBIDDEN",
                    "Source IP " + ctx.ip() + " is not in the controller's allowedSubnets list");
        }
    }

    private void authenticate(Context ctx) {
        ctx.header("X-Request-Id", UUID.randomUUID().toString());
        String correlation = ctx.header("X-Correlation-Id");
        ctx.header("X-Correlation-Id", correlation == null ? UUID.randomUUID().toString() : correlation);
        if (ctx.method() == HandlerType.OPTIONS) {
            return;
        }
        limit(ctx, "ip:" + ctx.ip(), limits.perIpPerMinute());
        if (ANONYMOUS.contains(ctx.path())) {
            return;
        }
        String header = ctx.header("Authorization");
        if (header == null || !header.startsWith("Bearer ")) {
            throw new UnauthorizedResponse("Missing or invalid Authorization header");
        }
        Claims claims = keys.verify(header.substring(7));
        if (claims == null) {
            throw new UnauthorizedResponse("Invalid or expired token");
        }
        if (coordination.get(REVOKED + claims.getId()) != null) {
            throw new UnauthorizedResponse("Token has been revoked");
        }
        ctx.attribute(CLAIMS, claims);
        limit(ctx, "user:" + claims.getSubject(), limits.perUserPerMinute());
    }

    void limitLogin(Context ctx) {
        limit(ctx, "login:" + ctx.ip(), LOGINS_PER_WINDOW);
    }

    private void limit(Context ctx, String bucket, int allowed) {
        boolean exceeded;
        try {
            exceeded = coordination.increment("ratelimit:" + bucket, WINDOW) > allowed;
        } catch (RuntimeException e) {
            exceeded = !limits.failOpenOnRedisError();
        }
        if (exceeded) {
            ctx.header("Retry-After", "60");
            ctx.status(429).json(new ApiError(429, "RATE_LIMITED", "Too many requests").body());
        }
    }

    void revokeToken(Claims claims) {
        Duration left = Duration.between(Instant.now(), claims.getExpiration().toInstant());
        coordination.set(REVOKED + claims.getId(), claims.getSubject(), left.plusSeconds(1));
        metrics.revocation();
    }

    /** The permission check is part of the route; the role comes from the token. */
    Handler needs(String permission, Handler handler) {
        return ctx -> {
            require(ctx, permission);
            handler.handle(ctx);
        };
    }

    void require(Context ctx, String permission) {
        if (!holds(ctx, permission)) {
            ctx.contentType("application/json");
            throw new ForbiddenResponse("Insufficient permissions");
        }
    }

    boolean holds(Context ctx, String permission) {
        return roles.permissions(claims(ctx).get("role", String.class)).contains(permission);
    }

    static Claims claims(Context ctx) {
        return ctx.attribute(CLAIMS);
    }

    static String user(Context ctx) {
        return claims(ctx).getSubject();
    }

    /** A body whose unknown members are ignored; anything but an object is an internal error. */
    static Map<String, Object> object(Context ctx) throws IOException {
        return ClusterState.JSON.readValue(ctx.bodyAsBytes(), new TypeReference<>() {});
    }

    /** @param defaultSize upstream's page size for this list */
    static void page(Context ctx, List<?> rows, int defaultSize) {
        int page = ctx.queryParamAsClass("page", Integer.class).getOrDefault(1);
        int size = ctx.queryParamAsClass("pageSize", Integer.class).getOrDefault(defaultSize);
        ctx.json(Map.of("data", rows.stream().skip((page - 1L) * size).limit(size).toList(), "page", page,
                "pageSize", size, "total", rows.size()));
    }

    private void measure(Context ctx) {
        // a browser is told that the plain text of a refusal is HTML
        if (ctx.statusCode() == 401 && Objects.toString(ctx.header("Accept"), "").contains("text/html")) {
            ctx.contentType("text/html");
        }
        Instant started = ctx.attribute(STARTED);
        if (started != null) {
            metrics.request(ctx.method().name(), ctx.statusCode(), Duration.between(started, Instant.now()));
        }
    }
}
