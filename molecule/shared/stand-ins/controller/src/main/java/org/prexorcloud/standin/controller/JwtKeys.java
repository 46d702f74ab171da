// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.jsonwebtoken.Claims;
import io.jsonwebtoken.JwtException;
import io.jsonwebtoken.Jwts;
import io.jsonwebtoken.security.Keys;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.UUID;
import javax.crypto.SecretKey;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The signing key and the one more key whose tokens are accepted. Keys are kept in the order in which they were first
 * added; when there are more than two, the oldest one that does not sign goes (config.md section 7).
 */
final class JwtKeys {
    private static final Logger BOOT = LoggerFactory.getLogger("PrexorCloudBootstrap");
    private static final Logger MANAGER = LoggerFactory.getLogger("JwtManager");
    private static final Logger RELOADER = LoggerFactory.getLogger("JwtSecretReloader");
    private static final int WINDOW = 2;

    private final List<SecretKey> acceptable = new ArrayList<>();
    private final Duration lifetime;
    private SecretKey signing;

    /** @throws IllegalStateException if the signing secret is not Base64 or too short */
    JwtKeys(SecurityControllerConfig config) {
        lifetime = Duration.ofMinutes(config.jwtExpirationMinutes());
        signing = decode(config.jwtSecret());
        acceptable.add(signing);
        config.jwtPreviousSecrets().forEach(this::accept);
        if (acceptable.size() > 1) {
            BOOT.info("JWT manager configured with {} acceptable keys (rotation overlap window)", acceptable.size());
        }
    }

    private static SecretKey decode(String secret) {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(secret);
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException("JWT secret is not valid Base64: " + e.getMessage(), e);
        }
        if (bytes.length < 32) {
            throw new IllegalStateException("JWT secret must be at least 256 bits (32 bytes). Got " + bytes.length
                    + " bytes. Generate a valid secret with JwtManager.generateSecret()");
        }
        return Keys.hmacShaKeyFor(bytes);
    }

    private void accept(String secret) {
        if (secret == null || secret.isBlank()) {
            return;
        }
        try {
            add(decode(secret));
        } catch (IllegalStateException e) {
            BOOT.warn("ignoring invalid security.jwtPreviousSecrets entry: {}", e.getMessage());
        }
    }

    private void add(SecretKey key) {
        if (!acceptable.contains(key)) {
            acceptable.add(key);
        }
        for (int i = 0; acceptable.size() > WINDOW; ) {
            if (acceptable.get(i).equals(signing) || acceptable.get(i).equals(key)) {
                i++;
            } else {
                acceptable.remove(i);
            }
        }
    }

    /** A secret in cluster_config that differs from the signing one takes over; an invalid one only spoils the window. */
    synchronized void apply(ObjectNode clusterConfig) {
        JsonNode security = clusterConfig.path("security");
        String secret = security.path("jwtSecret").asText("");
        if (secret.isBlank() || secret.equals(Base64.getEncoder().encodeToString(signing.getEncoded()))) {
            return;
        }
        for (JsonNode previous : security.path("jwtPreviousSecrets")) {
            accept(previous.asText());
        }
        try {
            SecretKey next = decode(secret);
            if (next.equals(signing)) {
                return;
            }
            signing = next;
            add(next);
            MANAGER.info("JWT signing key rotated; acceptableKeys.size={}", acceptable.size());
            RELOADER.info("JWT signing key rotated from cluster_config");
        } catch (IllegalStateException e) {
            RELOADER.error("cluster_config carried an invalid jwtSecret — active signing key unchanged: {}",
                    e.getMessage());
        }
    }

    synchronized String issue(String subject, String role) {
        Instant now = Instant.now();
        return Jwts.builder()
                .subject(subject)
                .claim("role", role)
                .id(UUID.randomUUID().toString())
                .issuedAt(Date.from(now))
                .expiration(Date.from(now.plus(lifetime)))
                .signWith(signing)
                .compact();
    }

    /** @return the claims, or null for a token that no acceptable key signed or that has expired */
    synchronized Claims verify(String token) {
        for (SecretKey key : acceptable) {
            try {
                return Jwts.parser().verifyWith(key).build().parseSignedClaims(token).getPayload();
            } catch (JwtException | IllegalArgumentException e) {
                MANAGER.debug("token refused by one key: {}", e.getClass().getSimpleName());
            }
        }
        return null;
    }
}
