// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.daemon;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The keys of daemon.yml that this stand-in acts on. An absent block means its defaults, an absent or
 * non-positive number its default, and an absent boolean of a present block means false, as upstream's
 * records do. Unknown keys are ignored without a word.
 */
record DaemonConfig(
        String nodeId,
        Controller controller,
        Health health,
        Security security,
        Instances instances,
        Logging logging,
        Reconnect reconnect,
        Modules modules) {

    DaemonConfig {
        nodeId = orDefault(nodeId, "node-1");
        controller = orDefault(controller, new Controller(null, 0));
        health = orDefault(health, new Health(true, null, 0));
        security = orDefault(security, new Security(null, null));
        instances = orDefault(instances, new Instances(null, 0, 0));
        logging = orDefault(logging, new Logging(null, null));
        reconnect = orDefault(reconnect, new Reconnect(0, 0, 0));
        modules = orDefault(modules, new Modules(null));
    }

    record Controller(String host, int grpcPort) {
        Controller {
            host = orDefault(host, "127.0.0.1");
            grpcPort = grpcPort > 0 ? grpcPort : 9090;
        }
    }

    record Health(boolean enabled, String bindAddress, int port) {
        Health {
            bindAddress = orDefault(bindAddress, "127.0.0.1");
            port = port > 0 ? port : 9091;
        }
    }

    record Security(String certificateDir, String joinToken) {
        Security {
            certificateDir = orDefault(certificateDir, "config/security");
            joinToken = orDefault(joinToken, "");
        }
    }

    record Instances(String directory, int shutdownTimeoutSeconds, int killTimeoutSeconds) {
        Instances {
            directory = orDefault(directory, "instances");
            shutdownTimeoutSeconds = shutdownTimeoutSeconds > 0 ? shutdownTimeoutSeconds : 30;
            killTimeoutSeconds = killTimeoutSeconds > 0 ? killTimeoutSeconds : 10;
        }
    }

    record Logging(String level, String format) {
        Logging {
            level = orDefault(level, "INFO");
            format = orDefault(format, "HUMAN");
        }
    }

    record Reconnect(long initialDelayMs, long maxDelayMs, double multiplier) {
        Reconnect {
            initialDelayMs = initialDelayMs > 0 ? initialDelayMs : 1000;
            maxDelayMs = maxDelayMs > 0 ? maxDelayMs : 60_000;
            multiplier = multiplier > 0 ? multiplier : 2.0;
        }
    }

    record Modules(ModuleSigningDaemonConfig signing) {
        Modules {
            signing = orDefault(signing, new ModuleSigningDaemonConfig(false, null, null));
        }
    }

    static DaemonConfig load(Path file) throws IOException {
        DaemonConfig config = YAMLMapper.builder()
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .build()
                .readValue(file.toFile(), DaemonConfig.class);
        if (config == null) {
            throw new NullPointerException("daemon.yml holds no document");
        }
        return config;
    }

    static <T> T orDefault(T value, T fallback) {
        return value == null ? fallback : value;
    }
}
