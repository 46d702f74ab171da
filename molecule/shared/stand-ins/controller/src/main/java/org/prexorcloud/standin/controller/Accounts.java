// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bson.Document;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Users, passwords, the bootstrap password file and the login lockout (api.md section 3, layout.md section 5). */
final class Accounts {
    private static final Logger LOG = LoggerFactory.getLogger("AuthManager");
    private static final Path BOOTSTRAP_FILE = Path.of("config", ".initial-admin-password");
    private static final String FAILURES = "login:fail:";
    private static final String LOCK = "login:lock:";
    private static final String FIRST_ADMIN = "admin";

    /** The right password of a locked account is refused like a wrong one. */
    static final class Locked extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final Duration remaining;

        Locked(Duration remaining) {
            super("ACCOUNT_LOCKED");
            this.remaining = remaining;
        }

        long seconds() {
            return Math.max(1, Math.ceilDiv(remaining.toMillis(), 1000L));
        }

        Map<String, Object> body() {
            return Map.of("error", "ACCOUNT_LOCKED", "message",
                    "Too many failed login attempts. Try again later.", "lockedUntil",
                    Instant.now().plus(remaining).toString());
        }
    }

    private final Store store;
    private final Roles roles;
    private final Coordination coordination;
    private final LockoutConfig lockout;

    Accounts(Store store, Roles roles, Coordination coordination, SecurityControllerConfig security) {
        this.store = store;
        this.roles = roles;
        this.coordination = coordination;
        this.lockout = security.lockout();
        if (store.users().countDocuments() == 0) {
            createFirstAdmin(security.initialAdminPassword());
        }
    }

    private void createFirstAdmin(String configured) {
        String password = configured.isBlank() ? Secrets.password(16) : configured;
        save(FIRST_ADMIN, password, "ADMIN");
        String shown = "saved to " + BOOTSTRAP_FILE;
        try {
            FilePermissions.write(BOOTSTRAP_FILE, password.getBytes(StandardCharsets.UTF_8), "rwx------");
        } catch (IOException e) {
            shown = Secrets.masked(password);
        }
        List.of("==========================================================", "  Created default admin user",
                        "  Username: admin", "  Password: " + shown,
                        "  CHANGE THIS PASSWORD AND DELETE THE FILE AFTER FIRST LOGIN!",
                        "==========================================================")
                .forEach(LOG::info);
    }

    private void save(String name, String password, String role) {
        Store.put(store.users(), new Document("_id", name)
                .append("passwordHash", Secrets.hash(password))
                .append("role", role)
                .append("createdAt", Instant.now().toString()));
    }

    /** @return the user's name; null when name and password do not fit. Unknown names never lock. */
    String login(String givenName, String password) {
        String name = givenName == null ? "" : givenName.toLowerCase();
        Document user = Store.find(store.users(), name);
        if (user == null) {
            return null;
        }
        if (lockout.enabled() && coordination.get(LOCK + name) != null) {
            throw new Locked(coordination.ttl(LOCK + name));
        }
        if (Secrets.matches(password, user.getString("passwordHash"))) {
            coordination.delete(FAILURES + name, LOCK + name);
            return name;
        }
        if (lockout.enabled()
                && coordination.increment(FAILURES + name, Duration.ofSeconds(lockout.windowSeconds()))
                        >= lockout.maxAttempts()) {
            Duration lock = Duration.ofSeconds(lockout.lockoutSeconds());
            coordination.set(LOCK + name, Long.toString(Instant.now().plus(lock).toEpochMilli()), lock);
            throw new Locked(lock);
        }
        return null;
    }

    void changePassword(String name, String current, String next) {
        Document user = require(name);
        if (!Secrets.matches(current, user.getString("passwordHash"))) {
            throw new ApiError(401, "UNAUTHORIZED", "Current password is incorrect");
        }
        if (next == null || next.length() < 8) {
            throw ApiError.invalid("New password must be at least 8 characters");
        }
        setPassword(user, next);
        Store.put(store.users(), user);
    }

    private void setPassword(Document user, String password) {
        user.put("passwordHash", Secrets.hash(password));
        if (FIRST_ADMIN.equals(user.getString("_id"))) {
            try {
                if (Files.deleteIfExists(BOOTSTRAP_FILE)) {
                    LOG.info("Removed bootstrap password file {} after admin password change", BOOTSTRAP_FILE);
                }
            } catch (IOException e) {
                LOG.warn("Failed to remove bootstrap password file: {}", e.getMessage());
            }
        }
    }

    private Document require(String name) {
        Document user = Store.find(store.users(), name);
        if (user == null) {
            throw ApiError.notFound("User not found");
        }
        return user;
    }

    String role(String name) {
        return Store.find(store.users(), name).getString("role");
    }

    Map<String, Object> get(String name) {
        return view(require(name));
    }

    List<Map<String, Object>> list() {
        return Store.all(store.users(), "createdAt").stream().map(this::view).toList();
    }

    /** Passwords are not judged: one character or none is fine, only a missing one is an (internal) error. */
    Map<String, Object> create(String givenName, String password, String role) {
        String name = checkedName(givenName);
        if (Store.find(store.users(), name) != null) {
            throw ApiError.invalid("Username already exists: " + name);
        }
        checkRole(role);
        save(name, password, role);
        return get(name);
    }

    private static String checkedName(String name) {
        if (name == null || name.isBlank()) {
            throw ApiError.invalid("Username cannot be blank");
        }
        if (name.length() > 32) {
            throw ApiError.invalid("Username too long (max 32)");
        }
        if (!name.matches("[a-zA-Z0-9][a-zA-Z0-9._-]*")) {
            throw ApiError.invalid("Invalid username: must match [a-zA-Z0-9][a-zA-Z0-9._-]*");
        }
        return name.toLowerCase();
    }

    private void checkRole(String role) {
        if (!roles.exists(role)) {
            throw ApiError.invalid("Invalid role: " + role);
        }
    }

    /** @return the user afterwards, or null if there is none of that name */
    Map<String, Object> patch(String name, String newName, String password, String role) {
        Document user = Store.find(store.users(), name);
        if (role != null) {
            checkRole(role);
        }
        if (user == null) {
            return null;
        }
        if (role != null) {
            user.put("role", role);
        }
        if (password != null) {
            setPassword(user, password);
        }
        String target = newName == null ? name : checkedName(newName);
        if (!target.equals(name)) {
            if (Store.find(store.users(), target) != null) {
                throw ApiError.invalid("Username already taken");
            }
            Store.remove(store.users(), name);
            user.put("_id", target);
        }
        Store.put(store.users(), user);
        return view(user);
    }

    /** @return the deleted user as it was, or null: deleting an unknown user is no error */
    Map<String, Object> delete(String name) {
        Document user = Store.find(store.users(), name);
        Store.remove(store.users(), name);
        return user == null ? null : view(user);
    }

    Map<String, Object> find(String name) {
        Document user = Store.find(store.users(), name);
        return user == null ? null : view(user);
    }

    private Map<String, Object> view(Document user) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("username", user.getString("_id"));
        view.put("role", user.getString("role"));
        view.put("permissions", roles.permissions(user.getString("role")));
        view.put("avatarUrl", null);
        view.put("minecraftUuid", null);
        view.put("minecraftName", null);
        view.put("createdAt", user.getString("createdAt"));
        return view;
    }
}
