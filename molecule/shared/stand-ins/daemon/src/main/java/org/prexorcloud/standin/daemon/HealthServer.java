// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.daemon;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.function.IntSupplier;

/** /health tells that the process lives, /ready that it is connected. */
final class HealthServer {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpServer server;

    HealthServer(DaemonConfig config, ControllerLink link, IntSupplier instances) throws IOException {
        DaemonConfig.Health health = config.health();
        server = HttpServer.create(new InetSocketAddress(health.bindAddress(), health.port()), 0);
        server.createContext("/health", exchange -> answer(
                exchange,
                "/health",
                200,
                Map.of(
                        "status", "UP",
                        "nodeId", config.nodeId(),
                        "connected", link.connected(),
                        "instanceCount", instances.getAsInt(),
                        "controller",
                                Map.of(
                                        "host", config.controller().host(),
                                        "grpcPort", config.controller().grpcPort()))));
        server.createContext("/ready", exchange -> {
            boolean connected = link.connected();
            answer(
                    exchange,
                    "/ready",
                    connected ? 200 : 503,
                    Map.of(
                            "status", connected ? "READY" : "NOT_READY",
                            "nodeId", config.nodeId(),
                            "connected", connected,
                            "instanceCount", instances.getAsInt()));
        });
        server.start();
    }

    private static void answer(HttpExchange exchange, String path, int status, Map<String, Object> body)
            throws IOException {
        try (exchange) {
            if (!exchange.getRequestURI().getPath().equals(path)) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            byte[] bytes = JSON.writeValueAsBytes(body);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }
}
