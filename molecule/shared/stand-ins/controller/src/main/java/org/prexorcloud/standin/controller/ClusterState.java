// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * The durable cluster state: identity, members, join tokens for controllers, and the versions of cluster_config,
 * which are deep-merged along their parent chain and win over controller.yml. One JSON file, replaced atomically.
 * Source: config.md section 6, api.md section 6.
 */
final class ClusterState {
    static final String TOKEN_PREFIX = "prexor-jt:v1:";
    static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> SHARED = List.of("runtime", "http", "network", "database", "redis", "backup",
            "security", "metrics", "scheduler", "heartbeat", "crashes", "modules", "maintenance", "share");
    /** Masked whenever the key is there, even when it is null; passwords for mail and tokens for pastes are shown. */
    private static final List<String> MASKED = List.of("/security/jwtSecret", "/security/jwtPreviousSecrets",
            "/database/uri", "/redis/uri", "/modules/signing/trustRoot");

    record Member(
            String nodeId, String raftAddr, String restAddr, String gRPCAddr, String label, String joinedAt,
            String lastSeen) {}

    record JoinToken(
            String jti, String label, String createdBy, String createdAt, String expiresAt, String status,
            String redeemedAt, String redeemedAs, String revokedAt, String revokedBy) {
        JoinToken revoked(String by) {
            return new JoinToken(jti, label, createdBy, createdAt, expiresAt, "REVOKED", redeemedAt, redeemedAs,
                    Instant.now().toString(), by);
        }

        JoinToken current() {
            boolean expired = status.equals("OUTSTANDING") && Instant.parse(expiresAt).isBefore(Instant.now());
            return expired
                    ? new JoinToken(jti, label, createdBy, createdAt, expiresAt, "EXPIRED", null, null, null, null)
                    : this;
        }
    }

    record Version(
            int version, int parentVersion, String mutator, String mutatedAt, String reason, ObjectNode patch) {}

    private record Stored(
            String peer, String clusterId, String createdAt, String seed, int activeVersion, List<Member> members,
            List<JoinToken> tokens, List<Version> versions) {}

    private final Path file;
    private String peer;
    private String clusterId;
    private String createdAt;
    private String seed;
    private int activeVersion;
    private final List<Member> members = new ArrayList<>();
    private final List<JoinToken> tokens = new ArrayList<>();
    private final List<Version> versions = new ArrayList<>();
    private Runnable closer = () -> {};

    private ClusterState(Path file) {
        this.file = file;
    }

    static ClusterState load(Path file) throws IOException {
        ClusterState state = new ClusterState(file);
        if (Files.exists(file)) {
            Stored stored = JSON.readValue(Files.readAllBytes(file), Stored.class);
            state.peer = stored.peer();
            state.clusterId = stored.clusterId();
            state.createdAt = stored.createdAt();
            state.seed = stored.seed();
            state.activeVersion = stored.activeVersion();
            state.members.addAll(stored.members());
            state.tokens.addAll(stored.tokens());
            state.versions.addAll(stored.versions());
        }
        return state;
    }

    private void save() {
        try {
            Path fresh = file.resolveSibling(file.getFileName() + ".new");
            Files.write(fresh, JSON.writeValueAsBytes(
                    new Stored(peer, clusterId, createdAt, seed, activeVersion, members, tokens, versions)));
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean founded() {
        return clusterId != null;
    }

    /** Version 1 is the shared part of controller.yml, secrets in clear text; only the first password stays out. */
    synchronized void found(ControllerConfig config) {
        String now = Instant.now().toString();
        peer = config.uuid();
        clusterId = config.cluster().id() == null ? UUID.randomUUID().toString() : config.cluster().id();
        createdAt = now;
        seed = Secrets.hex(32);
        members.add(new Member(peer, config.raft().host() + ":" + config.raft().port(), "", "", peer, now, now));
        ObjectNode whole = JsonView.tree(config);
        ObjectNode shared = JSON.createObjectNode();
        for (String block : SHARED) {
            if (whole.hasNonNull(block)) {
                shared.set(block, block.equals("http")
                        ? JSON.createObjectNode().set("cors", whole.get("http").get("cors"))
                        : whole.get(block));
            }
        }
        ((ObjectNode) shared.get("security")).put("initialAdminPassword", "");
        versions.add(new Version(
                1, 0, "v1.0-migration", now, "Seeded from controller.yml on first v1.1 boot", shared));
        activeVersion = 1;
        save();
    }

    String peer() {
        return peer;
    }

    String clusterId() {
        return clusterId;
    }

    synchronized Map<String, Object> info() {
        Map<String, Object> info = new LinkedHashMap<>();
        info.put("clusterId", clusterId);
        info.put("createdAt", createdAt);
        info.put("schemaVersion", 1);
        info.put("memberCount", members.size());
        info.put("activeConfigVersion", activeVersion);
        return info;
    }

    synchronized List<Member> members() {
        return List.copyOf(members);
    }

    synchronized boolean eject(String nodeId) {
        boolean removed = members.removeIf(member -> member.nodeId().equals(nodeId));
        if (removed) {
            save();
        }
        return removed;
    }

    synchronized int activeVersion() {
        return activeVersion;
    }

    synchronized List<Version> versions() {
        return List.copyOf(versions);
    }

    synchronized Version version(int number) {
        return versions.stream().filter(v -> v.version() == number).findFirst().orElse(null);
    }

    synchronized ObjectNode effective() {
        return merged(activeVersion);
    }

    private ObjectNode merged(int number) {
        Version version = version(number);
        if (version == null) {
            return JSON.createObjectNode();
        }
        ObjectNode base = merged(version.parentVersion());
        merge(base, version.patch());
        return base;
    }

    private static void merge(ObjectNode base, ObjectNode patch) {
        patch.properties().forEach(entry -> {
            if (entry.getValue() instanceof ObjectNode inner && base.get(entry.getKey()) instanceof ObjectNode target) {
                merge(target, inner);
            } else {
                base.set(entry.getKey(), entry.getValue().deepCopy());
            }
        });
    }

    /** @return the new version, committed whatever happens to the caller afterwards */
    synchronized Version append(int parent, ObjectNode patch, String mutator, String reason) {
        Version version = new Version(versions.getLast().version() + 1, parent, mutator, Instant.now().toString(),
                reason, patch);
        versions.add(version);
        activeVersion = version.version();
        save();
        return version;
    }

    synchronized void activate(int version) {
        activeVersion = version;
        save();
    }

    static ObjectNode masked(ObjectNode patch) {
        ObjectNode copy = patch.deepCopy();
        MASKED.forEach(pointer -> mask(copy, pointer));
        return copy;
    }

    private static void mask(ObjectNode root, String pointer) {
        int last = pointer.lastIndexOf('/');
        JsonNode block = root.at(pointer.substring(0, last));
        String name = pointer.substring(last + 1);
        if (block instanceof ObjectNode object && object.has(name)) {
            object.set(name, TextNode.valueOf("***"));
        }
    }

    /** @return the clear token; only its bookkeeping is kept */
    synchronized Map<String, Object> issueToken(Duration ttl, String label, List<?> addresses, String by) {
        String expires = Instant.now().plus(ttl).toString();
        JoinToken token = new JoinToken(UUID.randomUUID().toString(), label, by, Instant.now().toString(), expires,
                "OUTSTANDING", null, null, null, null);
        tokens.add(token);
        save();
        String claims = JSON.valueToTree(Map.of("jti", token.jti(), "clusterId", clusterId, "joinAddrs", addresses,
                        "expiresAt", expires))
                .toString();
        return Map.of("jti", token.jti(), "token", TOKEN_PREFIX + Secrets.signed(claims, seed), "expiresAt", expires);
    }

    synchronized List<JoinToken> tokens() {
        return tokens.stream().map(JoinToken::current).toList();
    }

    synchronized boolean revokeToken(String jti, String by) {
        boolean known = tokens.stream().anyMatch(token -> token.jti().equals(jti));
        tokens.replaceAll(token -> token.jti().equals(jti) ? token.revoked(by) : token);
        save();
        return known;
    }

    synchronized Map<String, Object> rotateSeed(String by) {
        seed = Secrets.hex(32);
        save();
        return Map.of("clusterId", clusterId, "rotatedBy", by, "rotatedAt", Instant.now().toString());
    }

    void onClose(Runnable action) {
        closer = action;
    }

    void close() {
        closer.run();
    }
}
