// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bson.Document;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Daemons: join tokens (in memory, lost by a restart), registered nodes (MongoDB) and who is connected (Redis, read
 * back at the start, which is how a node that died together with its controller stays ONLINE). api.md section 7.
 */
final class Nodes {
    private static final Logger LOG = LoggerFactory.getLogger("DaemonConnectionLifecycle");
    private static final Path TOKEN_FILE = DaemonAuthority.SECURITY.resolve("join-tokens.json");
    private static final Pattern TTL = Pattern.compile("(\\d+)([smhd])");
    private static final Map<String, Duration> UNITS = Map.of(
            "s", Duration.ofSeconds(1), "m", Duration.ofMinutes(1), "h", Duration.ofHours(1), "d", Duration.ofDays(1));
    private static final Duration DEFAULT_TTL = Duration.ofHours(1);
    private static final String PRESENT = "node:";
    private static final String OWNER = "nodeowner:";
    private static final String REVOKED = "nodecert:revoked:";
    private static final String SHUTDOWN = "SHUTDOWN";
    /** Status, what it means for the daemon. */
    private static final Map<String, String> ORDERS = Map.of("DRAINING", "DRAIN", "CORDONED", "CORDON");

    private record Token(String tokenId, String nodeId, String plain, Instant expiresAt) {
        boolean expired() {
            return expiresAt.isBefore(Instant.now());
        }
    }

    /** What is known of a connected daemon; session is null for one that only Redis remembers. */
    static final class Presence {
        private final String address;
        private final String since;
        private volatile String lastHeartbeat;
        private volatile int instances;
        private volatile String status = "ONLINE";
        private volatile String drainedBecomes;
        private final DaemonListener.Session session;

        Presence(String address, String since, DaemonListener.Session session) {
            this.address = address;
            this.since = since;
            this.lastHeartbeat = since;
            this.session = session;
        }
    }

    private final Store store;
    private final Coordination coordination;
    private final String controllerId;
    private final List<Token> tokens = new ArrayList<>();
    private final Map<String, Presence> present = new ConcurrentHashMap<>();

    Nodes(Store store, Coordination coordination, String controllerId) {
        this.store = store;
        this.coordination = coordination;
        this.controllerId = controllerId;
        if (Files.exists(TOKEN_FILE)) {
            LoggerFactory.getLogger("FileJoinTokenStore")
                    .warn("Failed to load join tokens from {}: Unrecognized field \"expired\"", TOKEN_FILE);
        }
        for (String key : coordination.keys(PRESENT)) {
            Document stored = Document.parse(coordination.get(key));
            present.put(key.substring(PRESENT.length()),
                    new Presence(stored.getString("address"), stored.getString("connectedSince"), null));
        }
    }

    static boolean revoked(Coordination coordination, String nodeId) {
        return coordination.get(REVOKED + nodeId) != null;
    }

    Map<String, Object> revoke(String nodeId, int ttlDays) {
        coordination.set(REVOKED + nodeId, Instant.now().toString(), Duration.ofDays(ttlDays));
        return Map.of("nodeId", nodeId, "revoked", true, "ttlDays", ttlDays);
    }

    Map<String, Object> unrevoke(String nodeId) {
        coordination.delete(REVOKED + nodeId);
        return Map.of("nodeId", nodeId, "revoked", false);
    }

    /** Anything that is not a positive integer or a number with one unit silently means an hour. */
    static Duration ttl(Object seconds, Object text) {
        if (seconds instanceof Number number && number.longValue() > 0) {
            return Duration.ofSeconds(number.longValue());
        }
        if (text instanceof String given) {
            Matcher match = TTL.matcher(given);
            if (match.matches()) {
                return UNITS.get(match.group(2)).multipliedBy(Long.parseLong(match.group(1)));
            }
        }
        return DEFAULT_TTL;
    }

    synchronized Map<String, Object> createToken(String nodeId, Duration ttl) {
        if (nodeId == null || nodeId.isBlank()) {
            throw new ApiError(400, "BAD_REQUEST", "nodeId is required");
        }
        if (present.containsKey(nodeId)) {
            throw ApiError.conflict("Node '" + nodeId + "' is already connected");
        }
        if (Store.find(store.nodes(), nodeId) != null) {
            throw ApiError.conflict("Node '" + nodeId + "' is already registered");
        }
        if (tokens.stream().anyMatch(token -> token.nodeId().equals(nodeId) && !token.expired())) {
            throw ApiError.conflict("Node '" + nodeId + "' already has a pending token");
        }
        Token token = new Token("tok_" + UUID.randomUUID(), nodeId, "pxr_" + Secrets.token(32),
                Instant.now().plus(ttl));
        tokens.add(token);
        saveTokens();
        return Map.of("tokenId", token.tokenId(), "token", token.plain(), "nodeId", nodeId, "expiresAt",
                token.expiresAt().toString());
    }

    private void saveTokens() {
        List<Map<String, Object>> rows = tokens.stream()
                .map(token -> Map.<String, Object>of("tokenId", token.tokenId(), "nodeId", token.nodeId(),
                        "tokenHash", Secrets.sha256(token.plain()), "expiresAt", token.expiresAt().toString(),
                        "expired", token.expired()))
                .toList();
        try {
            FilePermissions.write(TOKEN_FILE, ClusterState.JSON.writeValueAsBytes(rows), "rw-------");
        } catch (IOException e) {
            LOG.warn("Failed to save join tokens: {}", e.getMessage());
        }
    }

    synchronized List<Map<String, Object>> tokenList() {
        return tokens.stream()
                .map(token -> Map.<String, Object>of("tokenId", token.tokenId(), "nodeId", token.nodeId(),
                        "expiresAt", token.expiresAt().toString(), "status",
                        token.expired() ? "EXPIRED" : "ACTIVE"))
                .toList();
    }

    synchronized void deleteToken(String tokenId) {
        if (tokens.removeIf(token -> token.tokenId().equals(tokenId))) {
            saveTokens();
        }
    }

    /** Any valid token serves for any node id. @return false if there is no such token or it has expired */
    synchronized boolean redeem(String plain, String nodeId) {
        if (!tokens.removeIf(token -> token.plain().equals(plain) && !token.expired())) {
            return false;
        }
        saveTokens();
        String now = Instant.now().toString();
        Store.put(store.nodes(), new Document("_id", nodeId).append("firstSeen", now).append("lastSeen", now));
        return true;
    }

    /** A second session with the same id displaces the first one. */
    void connected(String nodeId, String address, DaemonListener.Session session) {
        String now = Instant.now().toString();
        Presence before = present.put(nodeId, new Presence(address, now, session));
        if (before != null && before.session != null) {
            LOG.info("Replacing stale session {} with {} for node {}", before.session.id(), session.id(), nodeId);
            before.session.close();
        }
        Document stored = new Document("address", address).append("connectedSince", now);
        coordination.set(PRESENT + nodeId, stored.toJson());
        coordination.set(OWNER + nodeId, controllerId);
        touch(nodeId, now);
        LOG.info("Node {} connected (session={}, address={})", nodeId, session.id(), address);
    }

    private void touch(String nodeId, String now) {
        Document known = Store.find(store.nodes(), nodeId);
        String first = known == null ? now : known.getString("firstSeen");
        Store.put(store.nodes(), new Document("_id", nodeId).append("firstSeen", first).append("lastSeen", now));
    }

    /** @return what the daemon has to do about a drain or cordon, empty in service */
    String heartbeat(String nodeId, int instances) {
        Presence presence = present.get(nodeId);
        if (presence == null) {
            return "";
        }
        presence.lastHeartbeat = Instant.now().toString();
        presence.instances = instances;
        if (instances == 0 && presence.drainedBecomes != null) {
            if (presence.drainedBecomes.equals(SHUTDOWN)) {
                return SHUTDOWN;
            }
            presence.status = presence.drainedBecomes;
            presence.drainedBecomes = null;
        }
        return ORDERS.getOrDefault(presence.status, "");
    }

    /** Only the session that is the node's current one may declare it gone. */
    void disconnected(String nodeId, DaemonListener.Session session) {
        Presence presence = present.get(nodeId);
        if (presence != null && presence.session == session) {
            present.remove(nodeId);
            coordination.delete(PRESENT + nodeId, OWNER + nodeId);
            touch(nodeId, Instant.now().toString());
            LOG.info("Node {} disconnected (session={})", nodeId, session.id());
        }
    }

    int connectedCount() {
        return present.size();
    }

    int instanceCount() {
        return present.values().stream().mapToInt(presence -> presence.instances).sum();
    }

    int sessionCount() {
        return (int) present.values().stream().filter(p -> p.session != null).count();
    }

    /** Cordoned, drained or back in service; only a connected node can be. */
    void mark(String nodeId, String status) {
        Presence presence = present.get(nodeId);
        if (presence == null) {
            throw ApiError.notFound("Node not found: " + nodeId);
        }
        presence.status = status;
        presence.drainedBecomes = null;
    }

    /** As soon as the node reports no instance, it is told to end, or it is left cordoned. */
    void drain(String nodeId, boolean shutdown) {
        mark(nodeId, "DRAINING");
        present.get(nodeId).drainedBecomes = shutdown ? SHUTDOWN : "CORDONED";
    }

    /** Deleting an unknown node is no error. */
    void delete(String nodeId) {
        if (present.containsKey(nodeId)) {
            throw ApiError.conflict("Cannot delete a connected node");
        }
        Store.remove(store.nodes(), nodeId);
    }

    List<Map<String, Object>> list() {
        List<Map<String, Object>> nodes = new ArrayList<>();
        Store.all(store.nodes(), "_id").forEach(node -> nodes.add(view(node)));
        synchronized (this) {
            for (Token token : tokens) {
                if (!token.expired()) {
                    Map<String, Object> pending = row(token.nodeId(), "PENDING", "PENDING");
                    pending.put("tokenId", token.tokenId());
                    pending.put("joinToken", token.plain());
                    pending.put("expiresAt", token.expiresAt().toString());
                    nodes.add(pending);
                }
            }
        }
        return nodes;
    }

    Map<String, Object> get(String nodeId) {
        return list().stream()
                .filter(node -> node.get("id").equals(nodeId))
                .findFirst()
                .orElseThrow(() -> ApiError.notFound("Node not found: " + nodeId));
    }

    private static Map<String, Object> row(String id, String type, String status) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", id);
        row.put("type", type);
        row.put("status", status);
        return row;
    }

    private Map<String, Object> view(Document node) {
        String id = node.getString("_id");
        Presence presence = present.get(id);
        Map<String, Object> row;
        if (presence == null) {
            row = row(id, "DISCONNECTED", "OFFLINE");
        } else {
            row = row(id, "CONNECTED", presence.status);
            row.put("address", presence.address);
            row.put("cpuUsage", 0.0);
            for (String figure : List.of("totalMemoryMb", "usedMemoryMb", "freeDiskMb", "totalDiskMb")) {
                row.put(figure, 0);
            }
            row.put("instanceCount", presence.instances);
            row.put("connectedSince", presence.since);
            row.put("lastHeartbeat", presence.lastHeartbeat);
            row.put("labels", Map.of());
            row.put("hostInfo", Map.of());
        }
        row.put("firstSeen", node.getString("firstSeen"));
        row.put("lastSeen", node.getString("lastSeen"));
        return row;
    }
}
