// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import com.mongodb.client.model.Filters;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bson.Document;

/**
 * Roles. Built-in ones are seeded into an empty collection only. A role's permissions are remembered from its first
 * use until the process ends, so edits have no effect before a restart (api.md sections 2 and 3).
 */
final class Roles {
    private static final Map<String, List<String>> BUILT_IN = new LinkedHashMap<>();

    static {
        BUILT_IN.put("ADMIN", words("nodes.view nodes.drain nodes.revoke-cert groups.view groups.create groups.update"
                + " groups.delete groups.start networks.view networks.create networks.update networks.delete"
                + " instances.view instances.stop instances.delete instances.command instances.console players.view"
                + " players.transfer templates.view templates.create templates.update templates.delete crashes.view"
                + " tokens.view tokens.create tokens.revoke users.view users.create users.update users.delete roles.view"
                + " roles.manage modules.view modules.manage catalog.view catalog.manage audit.view system.settings"
                + " metrics.view events.stream"));
        BUILT_IN.put("OPERATOR", words("nodes.view nodes.drain groups.view groups.create groups.update groups.start"
                + " networks.view networks.create networks.update instances.view instances.stop instances.delete"
                + " instances.command instances.console players.view players.transfer templates.view templates.create"
                + " templates.update crashes.view tokens.view modules.view catalog.view metrics.view events.stream"));
        BUILT_IN.put("VIEWER", words("nodes.view groups.view networks.view instances.view instances.console"
                + " players.view templates.view crashes.view modules.view catalog.view metrics.view events.stream"));
    }

    /** The role of a daemon's cliToken: never listed. */
    static final String DAEMON_HOST = "DAEMON_HOST";

    private final Store store;
    private final Map<String, List<String>> remembered = new ConcurrentHashMap<>();

    Roles(Store store) {
        this.store = store;
        remembered.put(DAEMON_HOST, List.of("nodes.view"));
        if (store.roles().countDocuments() == 0) {
            BUILT_IN.forEach((name, permissions) -> save(name, permissions));
        }
    }

    private static List<String> words(String text) {
        return Arrays.asList(text.split(" "));
    }

    private void save(String name, List<String> permissions) {
        Store.put(store.roles(), new Document("_id", name)
                .append("permissions", permissions)
                .append("builtIn", BUILT_IN.containsKey(name)));
    }

    boolean exists(String name) {
        return name != null && Store.find(store.roles(), name) != null;
    }

    List<String> permissions(String name) {
        return remembered.computeIfAbsent(name, unseen -> {
            Document role = Store.find(store.roles(), unseen);
            return role == null ? List.of() : role.getList("permissions", String.class);
        });
    }

    List<Map<String, Object>> list() {
        return Store.all(store.roles(), "_id").stream().map(this::view).toList();
    }

    Map<String, Object> get(String name) {
        Document role = Store.find(store.roles(), name);
        if (role == null) {
            throw ApiError.notFound("Role not found: " + name);
        }
        return view(role);
    }

    Map<String, Object> create(String givenName, List<String> permissions) {
        if (givenName == null || givenName.isBlank()) {
            throw ApiError.invalid("Role name is required");
        }
        String name = givenName.toUpperCase();
        if (name.length() > 32) {
            throw ApiError.invalid("Role name too long (max 32)");
        }
        if (!name.matches("[A-Z][A-Z0-9_]*")) {
            throw ApiError.invalid("Role name must match [A-Z][A-Z0-9_]*");
        }
        if (BUILT_IN.containsKey(name)) {
            throw ApiError.conflict("Cannot overwrite built-in role: " + name);
        }
        if (exists(name)) {
            throw ApiError.conflict("Role already exists: " + name);
        }
        save(name, ControllerConfig.list(permissions));
        return get(name);
    }

    /** Answers with success for ADMIN, too, and changes nothing there. */
    Map<String, Object> patch(String name, List<String> permissions) {
        get(name);
        if (!name.equals("ADMIN") && permissions != null) {
            save(name, permissions);
        }
        return get(name);
    }

    /** @return the deleted role as it was */
    Map<String, Object> delete(String name) {
        if (BUILT_IN.containsKey(name)) {
            throw new ApiError(403, "FORBIDDEN", "Cannot delete built-in role");
        }
        long users = userCount(name);
        Map<String, Object> deleted = get(name);
        if (users > 0) {
            throw ApiError.conflict(
                    "Cannot delete role with " + users + " assigned user(s). Reassign them first.");
        }
        Store.remove(store.roles(), name);
        return deleted;
    }

    private long userCount(String name) {
        return store.users().countDocuments(Filters.eq("role", name));
    }

    private Map<String, Object> view(Document role) {
        String name = role.getString("_id");
        return Map.of("name", name, "permissions", role.getList("permissions", String.class), "builtIn",
                role.getBoolean("builtIn"), "userCount", userCount(name));
    }
}
