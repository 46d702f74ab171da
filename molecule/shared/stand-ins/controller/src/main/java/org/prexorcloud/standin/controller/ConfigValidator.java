// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The checks between loading and starting, in upstream's order and words (controller-config.yml, fields err). */
final class ConfigValidator {
    private static final Logger LOG = LoggerFactory.getLogger("ConfigValidator");

    private ConfigValidator() {}

    static void validate(ControllerConfig config) {
        List<String> errors = new ArrayList<>();
        check(errors, Set.of("development", "production").contains(config.runtime().profile()),
                "runtime.profile must be one of [development, production], got: " + config.runtime().profile());
        int http = config.http().port();
        int grpc = config.grpc().port();
        check(errors, http <= 65535, "http.port must be between 1 and 65535, got: " + http);
        check(errors, grpc <= 65535, "grpc.port must be between 1 and 65535, got: " + grpc);
        check(errors, http != grpc, "http.port and grpc.port must be different (both are " + http + ")");
        for (String origin : config.http().cors().allowedOrigins()) {
            check(errors, validOrigin(origin), "cors.allowedOrigins: invalid origin '" + origin
                    + "' (must start with http:// or https://)");
        }
        check(errors, !config.database().uri().isBlank(), "database.uri must be configured");
        check(errors, config.redis() != null || !config.production(),
                "redis.uri must be configured when runtime.profile=production");
        check(errors, config.redis() == null || !config.redis().uri().isBlank(),
                "redis.uri must not be blank when redis is configured");
        check(errors, config.heartbeat().intervalMs() >= 1000, "heartbeat.intervalMs must be >= 1000");
        check(errors, config.security().jwtExpirationMinutes() <= 43200,
                "security.jwtExpirationMinutes should not exceed 43200 (30 days)");
        signing(errors, config);
        if (!errors.isEmpty()) {
            LOG.error("Configuration validation failed with {} error(s):", errors.size());
            errors.forEach(error -> LOG.error("  - {}", error));
            throw new IllegalStateException("Invalid configuration — fix the errors above in controller.yml");
        }
    }

    private static void signing(List<String> errors, ControllerConfig config) {
        ModuleSigningConfig signing = config.modules().signing();
        boolean rooted = signing.trustRoot() != null && !signing.trustRoot().isBlank();
        check(errors, rooted || !config.signingRequired(), config.production()
                ? "modules.signing.trustRoot must be configured when runtime.profile=production"
                        + " (or set modules.signing.required=false to opt out)"
                : "modules.signing.trustRoot must be configured when modules.signing.required=true");
        if (signing.rekor().policy() == ModuleSigningConfig.RekorConfig.Policy.REQUIRE_SET) {
            check(errors, signing.mode() == ModuleSigningConfig.Mode.COSIGN_BUNDLE,
                    "modules.signing.rekor.policy=REQUIRE_SET requires modules.signing.mode=COSIGN_BUNDLE");
            String key = signing.rekor().publicKey();
            check(errors, key != null && !key.isBlank(),
                    "modules.signing.rekor.publicKey must be configured when policy=REQUIRE_SET");
        }
    }

    static boolean validOrigin(String origin) {
        return origin != null && (origin.startsWith("http://") || origin.startsWith("https://"));
    }

    private static void check(List<String> errors, boolean holds, String error) {
        if (!holds) {
            errors.add(error);
        }
    }
}
