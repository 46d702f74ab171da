// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import io.javalin.Javalin;
import io.javalin.http.Context;
import java.io.IOException;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Enrolment and nodes (api.md section 7). */
final class NodeRoutes implements RestServer.Routes {
    private static final Logger LOG = LoggerFactory.getLogger("BootstrapRoutes");
    /** Call, status of the node afterwards. */
    private static final Map<String, String> MARKS =
            Map.of("undrain", "ONLINE", "cordon", "CORDONED", "uncordon", "ONLINE");

    private record Exchange(String joinToken, String nodeId) {}

    private final Nodes nodes;
    private final DaemonAuthority authority;
    private final Subnets subnets;
    private final JwtKeys keys;
    private final Audit audit;

    NodeRoutes(Nodes nodes, DaemonAuthority authority, Subnets subnets, JwtKeys keys, Audit audit) {
        this.nodes = nodes;
        this.authority = authority;
        this.subnets = subnets;
        this.keys = keys;
        this.audit = audit;
    }

    @Override
    public void register(RestServer server) {
        Javalin app = server.routes();
        app.get("/api/v1/admin/tokens",
                server.needs("tokens.view", ctx -> RestServer.page(ctx, nodes.tokenList(), 100)));
        app.post("/api/v1/admin/tokens", server.needs("tokens.create", ctx -> {
            Map<String, Object> body = RestServer.object(ctx);
            String nodeId = (String) body.get("nodeId");
            Map<String, Object> token =
                    nodes.createToken(nodeId, Nodes.ttl(body.get("ttlSeconds"), body.get("ttl")));
            audit.record(ctx, "token.create", "token", token.get("tokenId").toString(), Map.of());
            ctx.status(201).json(token);
        }));
        app.delete("/api/v1/admin/tokens/{id}", server.needs("tokens.revoke", ctx -> {
            nodes.deleteToken(ctx.pathParam("id"));
            audit.record(ctx, "token.revoke", "token", ctx.pathParam("id"), Map.of());
            ctx.status(204);
        }));
        app.post("/api/v1/bootstrap/exchange", this::exchange);
        app.get("/api/v1/nodes", server.needs("nodes.view", ctx -> RestServer.page(ctx, nodes.list(), 500)));
        app.get("/api/v1/nodes/{id}",
                server.needs("nodes.view", ctx -> ctx.json(nodes.get(ctx.pathParam("id")))));
        app.delete("/api/v1/nodes/{id}", server.needs("nodes.drain", ctx -> {
            nodes.delete(ctx.pathParam("id"));
            audit.record(ctx, "node.delete", "node", ctx.pathParam("id"), Map.of());
            ctx.status(204);
        }));
        MARKS.forEach((call, status) -> app.post("/api/v1/nodes/{id}/" + call, server.needs("nodes.drain", ctx -> {
            nodes.mark(ctx.pathParam("id"), status);
            audit.record(ctx, "node." + call, "node", ctx.pathParam("id"), Map.of());
            ctx.json(Map.of("status", status));
        })));
        app.post("/api/v1/nodes/{id}/drain", server.needs("nodes.drain", this::drain));
        app.post("/api/v1/nodes/{id}/revoke-cert", server.needs("nodes.revoke-cert", ctx -> {
            int days = ctx.queryParamAsClass("ttlDays", Integer.class).getOrDefault(365);
            audit.record(ctx, "node.revoke-cert", "node", ctx.pathParam("id"), Map.of("ttlDays", days));
            ctx.json(nodes.revoke(ctx.pathParam("id"), days));
        }));
        app.post("/api/v1/nodes/{id}/unrevoke-cert", server.needs("nodes.revoke-cert", ctx -> {
            audit.record(ctx, "node.unrevoke-cert", "node", ctx.pathParam("id"), Map.of());
            ctx.json(nodes.unrevoke(ctx.pathParam("id")));
        }));
    }

    /** Only query parameters count, a body is ignored; by default the daemon is to end afterwards. */
    private void drain(Context ctx) {
        boolean shutdown = !"false".equals(ctx.queryParam("shutdown"));
        int timeout = ctx.queryParamAsClass("timeout", Integer.class).getOrDefault(60);
        String message = ctx.queryParam("kickMessage");
        nodes.drain(ctx.pathParam("id"), shutdown);
        audit.record(ctx, "node.drain", "node", ctx.pathParam("id"), Map.of("timeout", timeout, "shutdown", shutdown));
        ctx.json(Map.of("status", "DRAINING", "shutdown", shutdown, "drainTimeoutSeconds", timeout, "kickMessage",
                message == null ? "This server is shutting down for maintenance." : message));
    }

    private void exchange(Context ctx) throws IOException, GeneralSecurityException {
        Exchange request = ctx.bodyAsClass(Exchange.class);
        required("joinToken", request.joinToken());
        required("nodeId", request.nodeId());
        if (!nodes.redeem(request.joinToken(), request.nodeId())) {
            throw new ApiError(401, "UNAUTHORIZED", "Invalid or expired join token");
        }
        allow(ctx.ip());
        String password = Secrets.token(32);
        ctx.json(Map.of("pkcs12Base64",
                Base64.getEncoder().encodeToString(authority.issueNode(request.nodeId(), password)),
                "pkcs12Password", password, "caCertificatePem", authority.caPem(), "cliToken",
                keys.issue("daemon-host-" + request.nodeId(), Roles.DAEMON_HOST)));
    }

    private static void required(String name, String value) {
        if (value == null || value.isBlank()) {
            throw new ApiError(400, "VALIDATION_ERROR", name + " is required");
        }
    }

    /** An enrolled daemon's address is let in for good, also when the file cannot be written. */
    private void allow(String ip) throws IOException {
        InetAddress address = InetAddress.getByName(ip);
        String cidr = ip + (address.getAddress().length == 4 ? "/32" : "/128");
        if (address.isLoopbackAddress() || !subnets.add(cidr)) {
            return;
        }
        try {
            ConfigFile.editList("network/allowedSubnets", true, cidr, subnets.list());
        } catch (IOException e) {
            LOG.warn("Failed to persist auto-registered subnet {}: {}", cidr, e.getMessage());
        }
    }
}
