// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.annotation.PropertyAccessor;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import java.util.UUID;

/**
 * Reading controller.yml and the three ways in which the program writes it back: all of them truncate the file and
 * write the whole of it again, so comments, order and quoting are lost while inode, owner and mode stay.
 * Source: config.md sections 1 and 5.
 */
final class ConfigFile {
    static final Path PATH = Path.of("config", "controller.yml");
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory())
            .setVisibility(PropertyAccessor.IS_GETTER, JsonAutoDetect.Visibility.NONE)
            .setVisibility(PropertyAccessor.GETTER, JsonAutoDetect.Visibility.NONE)
            .setVisibility(PropertyAccessor.FIELD, JsonAutoDetect.Visibility.ANY);

    private ConfigFile() {}

    static ControllerConfig load() throws IOException {
        if (!Files.exists(PATH)) {
            Files.createDirectories(PATH.getParent());
            try (InputStream template = ConfigFile.class.getResourceAsStream("/controller-default.yml")) {
                Files.copy(template, PATH);
            }
        }
        return YAML.readValue(file(), ControllerConfig.class);
    }

    /** A generated jwtSecret is persisted with every default spelled out; telemetry and passwordReset are reset. */
    static ControllerConfig persistSecret(ControllerConfig config, String secret) throws IOException {
        YAML.writeValue(file(), config.withSecurity(config.security().withGeneratedSecret(secret), null));
        return config.withSecurity(
                new SecurityControllerConfig(
                        secret,
                        config.security().jwtExpirationMinutes(),
                        config.security().initialAdminPassword(),
                        config.security().rateLimiting(),
                        config.security().jwtPreviousSecrets(),
                        config.security().lockout(),
                        config.security().passwordReset()),
                config.telemetry());
    }

    static void persist(ControllerConfig config) throws IOException {
        YAML.writeValue(file(), config);
    }

    /**
     * Adds a value to one list of the file (a path such as http/cors/allowedOrigins) or removes it, and keeps all
     * other keys, unknown ones too. The file's list may differ from the one in force.
     *
     * @param fallback the list to start from when the file has none
     */
    static void editList(String pointer, boolean add, String value, List<String> fallback) throws IOException {
        ObjectNode root = (ObjectNode) YAML.readTree(file());
        SequencedSet<String> values = new LinkedHashSet<>();
        JsonNode present = root.at("/" + pointer);
        if (present.isArray()) {
            present.forEach(entry -> values.add(entry.asText()));
        } else {
            values.addAll(fallback);
        }
        if (add) {
            values.add(value);
        } else {
            values.remove(value);
        }
        String[] names = pointer.split("/");
        ObjectNode block = root;
        for (int i = 0; i < names.length - 1; i++) {
            block = block.path(names[i]) instanceof ObjectNode inner ? inner : block.putObject(names[i]);
        }
        ArrayNode list = block.putArray(names[names.length - 1]);
        values.forEach(list::add);
        YAML.writeValue(file(), root);
    }

    static void writeCatalog() throws IOException {
        Path catalog = Path.of("config", "catalog.yml");
        if (!Files.exists(catalog)) {
            ObjectNode empty = YAML.createObjectNode();
            empty.putArray("platforms");
            YAML.writeValue(catalog.toFile(), empty);
        }
    }

    static String newSecret() {
        byte[] bytes = new byte[48];
        Secrets.RANDOM.nextBytes(bytes);
        return java.util.Base64.getEncoder().encodeToString(bytes);
    }

    private static File file() {
        return PATH.toFile();
    }
}
